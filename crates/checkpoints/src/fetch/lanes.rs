//! Several lines to one file, where the server answers ranges: many servers give each line only so much.
//!
//! The first lane asks the hub for a block, as one line would. When that answers with the part that was asked for, the
//! next blocks are asked for at once, straight from where the hub led to. What the first lane brings goes into
//! the part; what the others bring waits in memory until it is their turn, so that the part stays a beginning of the file
//! and its SHA-256 can be taken on the way.
//!
//! When any lane is lost, all are given up, and what waits in memory is kept ([`Lanes::ahead`]). One line goes on;
//! after a stretch without trouble, twice as long each time, it is lanes again.

use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};

use super::Step;
use super::download::{Lost, Remote, Way};
use super::line::{Arrival, Head, PIECES_UNDER_WAY, Question, Reason};
use super::part::Part;
use super::watch::{LOOK_EVERY, Watch};
use crate::error::Error;

/// How many lines, and how much each is asked for at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lines {
    /// At most so many at once; 1 is one line for the whole file.
    pub count: usize,
    /// What waits in memory is at most so much for each of them.
    pub block_bytes: u64,
}

impl Lines {
    /// What helps with servers as they are, and takes 24 MB of memory.
    pub fn usual() -> Self {
        Self {
            count: 4,
            block_bytes: 8 << 20,
        }
    }
}

/// The way of one file's bytes.
pub struct Lanes<'a> {
    way: &'a Way,
    remote: &'a Remote<'a>,
    /// What came too early, by its first byte.
    ahead: BTreeMap<u64, Vec<u8>>,
    /// There are lanes from this byte on.
    apart_from: u64,
    /// How long a line has to do well before there are lanes again.
    stretch_bytes: u64,
}

/// One question under way: bytes `first..end` of the file.
struct Lane {
    number: usize,
    first: u64,
    end: u64,
    /// What came, unless it is the first lane's, which goes into the part.
    bytes: Vec<u8>,
}

/// The lanes of one attempt, the one whose bytes are next in front.
struct Attempt {
    tell: SyncSender<(usize, Arrival)>,
    arrivals: Receiver<(usize, Arrival)>,
    lanes: VecDeque<Lane>,
    asked: usize,
    /// Where the hub led to, and what the file is called there; once that is known there are lanes.
    place: Option<(String, Option<String>)>,
}

impl<'a> Lanes<'a> {
    pub fn new(way: &'a Way, remote: &'a Remote<'a>) -> Self {
        Self {
            way,
            remote,
            ahead: BTreeMap::new(),
            apart_from: 0,
            stretch_bytes: 2 * way.lines.block_bytes,
        }
    }

    /// Asks, and takes what comes until the file is whole or a line is lost. Also returns where one line is to go on
    /// in the place of several.
    pub fn fetch_some(&mut self, part: &mut Part, watch: &mut Watch) -> Result<(), Lost> {
        self.join(part)?;
        if part.bytes == self.remote.bytes {
            return Ok(());
        }
        let (tell, arrivals) = sync_channel(PIECES_UNDER_WAY * self.way.lines.count.max(1));
        let mut attempt = Attempt {
            tell,
            arrivals,
            lanes: VecDeque::new(),
            asked: 0,
            place: None,
        };
        let question = Question::whole(self.remote.url.clone());
        let tag = part.tag.clone().filter(|_| 0 < part.bytes);
        attempt.ask(self, part.bytes, Question { tag, ..question });
        let begun_bytes = part.bytes;
        let ended = self.take(&mut attempt, part, watch);
        if part.bytes < begun_bytes {
            // It began anew: what came before is of something else.
            self.ahead.clear();
            return ended;
        }
        for lane in attempt.lanes {
            if !lane.bytes.is_empty() {
                self.ahead.insert(lane.first, lane.bytes);
            }
        }
        ended
    }

    /// Takes what comes until all that was asked for is here.
    fn take(
        &mut self,
        attempt: &mut Attempt,
        part: &mut Part,
        watch: &mut Watch,
    ) -> Result<(), Lost> {
        loop {
            watch.check_stop()?;
            let (number, arrival) = match attempt.arrivals.recv_timeout(LOOK_EVERY) {
                Ok(told) => told,
                Err(RecvTimeoutError::Timeout) => continue,
                // Not while this end holds a sender as well.
                Err(RecvTimeoutError::Disconnected) => return Err(Reason::Ended.into()),
            };
            // One that is done may have a last word.
            let Some(lane) = attempt.lanes.iter().position(|lane| lane.number == number) else {
                continue;
            };
            if 0 < lane {
                if !attempt.hear_early(lane, arrival) {
                    self.slow_down(part);
                    return Ok(());
                }
                watch.progress(self.came_bytes(attempt, part), self.remote.bytes);
                continue;
            }
            match arrival {
                Arrival::Head(head) => self.hear_head(*head, attempt, part)?,
                Arrival::Bytes(bytes) => self.add(&bytes, attempt, part, watch)?,
                Arrival::Lost(reason) => {
                    self.slow_down(part);
                    return Err(reason.into());
                }
                Arrival::End if part.bytes == attempt.lanes[0].end => {}
                Arrival::End => {
                    self.slow_down(part);
                    return Err(Reason::Ended.into());
                }
            }
            while attempt
                .lanes
                .front()
                .is_some_and(|lane| lane.end == part.bytes)
            {
                attempt.lanes.pop_front();
                self.join(part)?;
                attempt.ask_on(self);
                if let Some(next) = attempt.lanes.front_mut() {
                    part.add(&std::mem::take(&mut next.bytes))?;
                }
            }
            if attempt.lanes.is_empty() {
                return Ok(());
            }
        }
    }

    /// What the answer to the first lane says.
    fn hear_head(
        &mut self,
        head: Head,
        attempt: &mut Attempt,
        part: &mut Part,
    ) -> Result<(), Lost> {
        let (status, place, tag) = (head.status, head.place.clone(), head.tag.clone());
        let is_in_front = attempt.lanes[0].first == part.bytes;
        if attempt.place.is_none() || is_in_front {
            self.remote.begin(head, part)?;
        }
        match status {
            // The whole, whatever was asked for.
            200 => {
                self.ahead.clear();
                attempt.lanes.truncate(1);
                attempt.lanes[0].end = self.remote.bytes;
            }
            _ if attempt.place.is_none() && self.may_part(part) => {
                attempt.place = Some((place, tag));
                attempt.ask_on(self);
            }
            _ => {}
        }
        Ok(())
    }

    fn add(
        &self,
        bytes: &[u8],
        attempt: &Attempt,
        part: &mut Part,
        watch: &mut Watch,
    ) -> Result<(), Lost> {
        if !part.is_coming {
            part.is_coming = true;
            watch.step(Step::Downloading);
        }
        let wanted_bytes = (attempt.lanes[0].end - part.bytes) as usize;
        if wanted_bytes < bytes.len() && attempt.lanes[0].end == self.remote.bytes {
            return Err(self.remote.changed().into());
        }
        // A server that does not know where a part ends only brings what another lane brings, too.
        part.add(&bytes[..wanted_bytes.min(bytes.len())])?;
        watch.progress(self.came_bytes(attempt, part), self.remote.bytes);
        Ok(())
    }

    /// Puts what came early into the part, where its turn is now.
    fn join(&mut self, part: &mut Part) -> Result<(), Error> {
        while let Some(bytes) = self.ahead.remove(&part.bytes) {
            part.add(&bytes)?;
        }
        // What lies before that is here already: the part began anew.
        self.ahead.retain(|first, _| part.bytes < *first);
        Ok(())
    }

    fn may_part(&self, part: &Part) -> bool {
        let Lines { count, block_bytes } = self.way.lines;
        let is_large = 2 * block_bytes <= self.remote.bytes - part.bytes;
        1 < count && is_large && self.apart_from <= part.bytes
    }

    /// One line for a while.
    fn slow_down(&mut self, part: &Part) {
        self.apart_from = part.bytes + self.stretch_bytes;
        self.stretch_bytes = self.stretch_bytes.saturating_mul(2);
    }

    fn came_bytes(&self, attempt: &Attempt, part: &Part) -> u64 {
        let early = attempt.lanes.iter().map(|lane| &lane.bytes);
        let early = early
            .chain(self.ahead.values())
            .map(|bytes| bytes.len() as u64);
        part.bytes + early.sum::<u64>()
    }

    /// Where a question for the bytes from `first` on ends: at what is here, or when it is time for lanes.
    fn end_of(&self, first: u64) -> u64 {
        let Lines { count, block_bytes } = self.way.lines;
        let here = self.ahead.range(first..).next().map(|(first, _)| *first);
        let end = here.unwrap_or(self.remote.bytes);
        let is_large = 2 * block_bytes <= self.remote.bytes - first;
        match 1 < count && is_large {
            true => end.min(self.apart_from.max(first + block_bytes)),
            false => end,
        }
    }
}

impl Attempt {
    /// Asks for what follows `first`, as far as it is not here.
    fn ask(&mut self, lanes: &Lanes, first: u64, question: Question) {
        let end = lanes.end_of(first);
        let last_byte = Some(end - 1).filter(|_| end < lanes.remote.bytes);
        let question = Question {
            first_byte: first,
            last_byte,
            ..question
        };
        self.asked += 1;
        self.lanes.push_back(Lane {
            number: self.asked,
            first,
            end,
            bytes: Vec::new(),
        });
        lanes.way.line.ask(question, self.asked, &self.tell);
    }

    /// Has as many lanes as there may be, once it is known that the server has parts.
    fn ask_on(&mut self, lanes: &Lanes) {
        let Some((place, tag)) = self.place.clone() else {
            return;
        };
        while self.lanes.len() < lanes.way.lines.count {
            let Some(mut first) = self.lanes.back().map(|lane| lane.end) else {
                return;
            };
            while let Some(bytes) = lanes.ahead.get(&first) {
                first += bytes.len() as u64;
            }
            if lanes.remote.bytes <= first {
                return;
            }
            let question = Question {
                tag: tag.clone(),
                ..Question::whole(place.clone())
            };
            self.ask(lanes, first, question);
        }
    }

    /// What comes before its turn; false if it is not what was asked for.
    fn hear_early(&mut self, lane: usize, arrival: Arrival) -> bool {
        let lane = &mut self.lanes[lane];
        let here = lane.first + lane.bytes.len() as u64;
        match arrival {
            Arrival::Head(head) => head.status == 206 && head.first_byte == Some(lane.first),
            Arrival::Bytes(bytes) => {
                lane.bytes.extend(&bytes);
                here + bytes.len() as u64 <= lane.end
            }
            Arrival::End => here == lane.end,
            Arrival::Lost(_) => false,
        }
    }
}
