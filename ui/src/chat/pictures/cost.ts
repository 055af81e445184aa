/** What pictures take of the context. Pure. */
import type { Picture } from "../../backend";

/** Tokens of one picture: a look at the whole of it, and one at each piece. */
export const tokensOf = ({ crops, tokensPerLook }: Picture, panAndScan: boolean): number =>
  tokensPerLook * (1 + (panAndScan ? crops.length : 0));

/** Pieces that pan and scan would show besides. */
export const piecesOf = (pictures: readonly Picture[]): number =>
  pictures.reduce((pieces, { crops }) => pieces + crops.length, 0);
