//! Every format against ggml's own definition: random blocks, and the hash (FNV-1a over the bytes of the f32 values) of
//! what `gguf.quants.dequantize` of the Python package gguf 0.19.0 makes of them. Zero has no sign in it: there a zero
//! times a negative scale is -0, here products of integers come first.

use super::*;

const BLOCKS: [(BlockType, &str, u64); 12] = [
    (
        BlockType::Q4_0,
        "fdabbecf931aed15f5d3ef2d059d9f3c36ec",
        0x6253_b861_9ee0_4720,
    ),
    (
        BlockType::Q4_1,
        "ccaa3e260e0f160a90d0181807290b553b68e16e",
        0xad3b_9c81_9757_be78,
    ),
    (
        BlockType::Q5_0,
        "3cab00b1893f0dbcff405e08089c191d9d92be73db87",
        0x1491_0174_4bd5_1880,
    ),
    (
        BlockType::Q5_1,
        "26ae8e2850a33d6e2fe594aa616e38964ac13e2ceeefe2bc",
        0x00e5_67cd_e119_0ccc,
    ),
    (
        BlockType::Q8_0,
        "b8a8ea51943007a695287ea628363bb20d9987de3bbfef4ac19a52f073a76100b9d2",
        0xbb0f_f207_1041_66fb,
    ),
    (
        BlockType::IQ4_NL,
        "03ac34f932f7a623fa62615067c1080b3d2d",
        0x02e4_bba9_c2d1_f7a7,
    ),
    (
        BlockType::Q2_K,
        "e712a33e0ec0a7787351ba306b7bf5c5347b777986c1c4077f5621411daafbb427370b85a171ce5f5ee1ee40\
         991f4217376dcd9b4c8816a9b8a62c85496a74ee26728dedfa7a0a35d502b09b61974da1ea2ccd2c",
        0xfeb5_6f8a_e5b9_4bb7,
    ),
    (
        BlockType::Q3_K,
        "936a544c5a875da7ebbbfd37ec2b4963587773d43b94b9d731e55ba87d723501c3e8cbae1d1da139ff7bf0d1\
         e7c9e3e92ff4b66d045efcf466853ac2b19f5a53cf13e4e09a0c74626ea3311a2c86ea97f26a8ad95a6409a8\
         f26bd86461b2f5e6cb90cc7a4fcbbc62af2e7625a528",
        0xf591_6f92_7cd7_8048,
    ),
    (
        BlockType::Q4_K,
        "2c2d312d0e2cf3a0aef902df3b6dfb2567ef7e4687772d8600c3d28f49fef265bfde4f66f2170321efa2e79c\
         4fa27beefff2563242aa1fcc0353272e95b5430b033e32bffe686e2ec5b691c0a5bfb25444762591c342bff0\
         b2e0cbebfb35f9796eacad34451f3240f6a7d4d9bff8bb969fc0422b8caad2e2c825e0f60f900cf89d53aa9f\
         4b9dc1f965bc5c9bf4673680",
        0xbe82_3ac2_61c4_9ac7,
    ),
    (
        BlockType::Q5_K,
        "ac2b20276dd339f9a816d90d930843891f8c895e9f93530deea9bb151144b34409068b31773b7ab7b2fcbf36\
         8c9876a029f5cfdb81b7c97eac03732033890e112e51f84ba8b7936938382b7ec92a474ecd3c76d939ac7191\
         096819f7453664efc6f948b58a600207a334b43630949ebf29fc838b3203b3f159bbb9b4b5c9d5d15f2c480d\
         a847ab4b87e30cae73801aa2e5b7475ec1d394281699f696944f47167a8866ab29d918cd88f04bab514a4e10",
        0xeb1a_f469_718c_c789,
    ),
    (
        BlockType::Q6_K,
        "1097e685a5d33d09d499c47e644fb69ecfd51a2071b628ec4a3c127bec2ce2f7f1584789438a99bab5bb2bc6\
         cab5237f4337c764ae6ec5aa74880405401f419e9f9e1a8759665226db1d8a342387a508940dc3bd527e87af\
         64a98163e82fbef474b06661ba567a4eed03d2e8849e0c1505b69964fc0a220643564e59b3d2edb945d21759\
         a1820c7ed173137bf133ec0fdcfde1172997b34c5ca3f78b8f9745128fabe2eb3b48f2da12a91b90e08f2ebb\
         3be670bec14a22027dcf77f273ea570cbfdf94d7677507d5213377beb6ff3a225d2d",
        0xec59_204d_f902_6cf4,
    ),
    (
        BlockType::IQ4_XS,
        "1da96bb1b619f64019ccfa8d25ee617bf23ea5def348bc57c8bfd06800f4004363001d7d5d3451920252e675\
         caf86051ac36c48c7f46609e44eabf2aee3f19958fc6ddb424e4b91abd39909e804842718c1566ee6d87cd63\
         55add150232ce7b4cb3c7cdec1df8f16aeba8c1bc1d7402bf96f75573d963983b35b6c91617493677bc4f5e1\
         f72854aa",
        0xf17c_c316_f2b5_d343,
    ),
];

#[test]
fn blocks_are_what_ggml_makes_of_them() {
    for (block, hex, expected) in BLOCKS {
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("two hexadecimal digits");
        let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
        let mut values = vec![f32::NAN; block.values()];
        dequantise(block, &bytes, &mut values);
        let found = values
            .iter()
            .flat_map(|value| (value + 0.0).to_le_bytes())
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        assert_eq!(found, expected, "{}", block.name());
    }
}
