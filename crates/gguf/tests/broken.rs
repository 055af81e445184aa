//! Files that are cut, damaged or lie: an error that says where, never a panic.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use gguf::{Error, Header, TensorType};

/// A file under construction, in the order of the format.
struct File(Vec<u8>);

impl File {
    fn new(tensors: u64, keys: u64) -> Self {
        let mut file = Self(b"GGUF".to_vec());
        file.u32(3);
        file.u64(tensors);
        file.u64(keys);
        file
    }

    fn u32(&mut self, value: u32) -> &mut Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    fn u64(&mut self, value: u64) -> &mut Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.u64(text.len() as u64);
        self.0.extend(text.bytes());
        self
    }

    /// Columns first, as the file has it.
    fn tensor(&mut self, name: &str, shape: &[u64], kind: u32, offset: u64) -> &mut Self {
        self.text(name).u32(shape.len() as u32);
        for size in shape {
            self.u64(*size);
        }
        self.u32(kind).u64(offset)
    }

    /// Fills up to where data begins, and with so many bytes of data.
    fn data(&mut self, bytes: usize) -> &mut Self {
        self.0.resize(self.0.len().next_multiple_of(32) + bytes, 0);
        self
    }

    fn read(&self) -> Result<Header, Error> {
        Header::read(self.0.as_slice(), self.0.len() as u64)
    }
}

#[track_caller]
fn check(file: &File, expected: &str) {
    let error = file.read().expect_err("the file is broken");
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_whole_file_is_read() {
    let mut file = File::new(2, 3);
    file.text("a").u32(4).u32(7);
    file.text("b").u32(9).u32(8).u64(2).text("one").text("");
    file.text("c").u32(9).u32(6).u64(1).u32(1.5f32.to_bits());
    file.tensor("t", &[32, 2], 8, 0)
        .tensor("u", &[256], 10, 96)
        .data(96 + 84);
    let header = file.read().unwrap();

    assert_eq!(header.require::<u32>("a").unwrap(), 7);
    assert_eq!(header.require::<u64>("a").unwrap(), 7);
    let texts: &gguf::Strings = header.require("b").unwrap();
    assert_eq!(texts.iter().collect::<Vec<_>>(), ["one", ""]);
    assert_eq!(header.require::<&[f32]>("c").unwrap(), [1.5]);

    let tensor = header.tensor("t").unwrap();
    assert_eq!(
        (tensor.kind, tensor.shape.as_slice()),
        (TensorType::Q8_0, [2, 32].as_slice())
    );
    let range = tensor.range().unwrap();
    assert_eq!(
        (range.start, range.end),
        (header.data_start(), header.data_start() + 68)
    );
}

#[test]
fn what_is_asked_for_wrongly_is_named() {
    let mut file = File::new(1, 2);
    file.text("size")
        .u32(5)
        .u32(u32::MAX)
        .text("name")
        .u32(8)
        .text("gemma");
    let header = file.tensor("u", &[256], 16, 0).data(66).read().unwrap();
    let says = |error: Error| error.to_string();

    let error = header.require::<u32>("size").unwrap_err();
    assert_eq!(
        says(error),
        "size is the integer -1, expected an integer from 0 to 4294967295"
    );
    let error = header.get::<f32>("name").unwrap_err();
    assert_eq!(
        says(error),
        r#"name is the text "gemma", expected a number"#
    );
    assert_eq!(
        says(header.require::<bool>("no").unwrap_err()),
        "the metadata has no no"
    );
    assert_eq!(
        says(header.tensor("t").unwrap_err()),
        "there is no tensor t"
    );
    let error = header.tensor("u").unwrap().range().unwrap_err();
    assert_eq!(
        says(error),
        "tensor u is of type IQ2_XXS, which is not supported"
    );
}

#[test]
fn a_file_of_another_kind_is_refused() {
    check(
        &File(b"PK\x03\x04 and so on".to_vec()),
        "not a GGUF file: it begins with PK\\x03\\x04, not with \"GGUF\"",
    );
    check(
        &File(b"GGUF\x01\0\0\0".to_vec()),
        "GGUF version 1 at byte 4, expected 2 or 3 in little-endian order",
    );
    check(
        &File(b"GGUF\0\0\0\x03".to_vec()),
        "GGUF version 50331648 at byte 4, expected 2 or 3 in little-endian order",
    );
    check(
        &File(vec![]),
        "the file ends too early: the magic number at byte 0 needs 4 bytes, 0 are left",
    );
}

#[test]
fn counts_and_lengths_that_lie_cost_no_memory() {
    check(
        &File::new(u64::MAX, 0),
        "byte 16 promises 18446744073709551615 tensors, the 8 bytes that are left cannot hold them",
    );
    check(
        File::new(0, 1).u64(u64::MAX).data(8),
        "the file ends too early: a metadata key at byte 32 needs 18446744073709551615 bytes, 8 are left",
    );
    check(
        File::new(0, 1).text("k").u32(9).u32(10).u64(1 << 61),
        "byte 49 promises 2305843009213693952 array values, the 0 bytes that are left cannot hold them",
    );

    // A length beyond what the reader really has: as much is read as there is.
    let mut file = File::new(0, 1);
    file.text("k").u32(8).u64(1 << 40).data(100);
    let error = Header::read(file.0.as_slice(), 1 << 41).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Truncated {
                what: "a text value",
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn metadata_that_cannot_be_is_refused() {
    let mut deep = File::new(0, 1);
    deep.text("k").u32(9);
    for _ in 0..4 {
        deep.u32(9).u64(1);
    }
    check(
        deep.u32(0).u64(0).data(0),
        "k: the array at byte 85 lies more than 4 arrays deep",
    );

    check(
        File::new(0, 1).text("k").u32(13).data(0),
        "k: value type 13 at byte 33, expected 0 to 12",
    );
    check(
        File::new(0, 2)
            .text("k")
            .u32(4)
            .u32(1)
            .text("k")
            .u32(4)
            .u32(2),
        r#"two metadata keys are named "k", the second one at byte 41"#,
    );
    let mut file = File::new(0, 1);
    file.text("k").u32(7).0.push(2);
    check(&file, "k: byte 37 is 2, expected 0 (false) or 1 (true)");
    let mut file = File::new(0, 1);
    file.u64(1).0.push(0xff);
    check(file.data(16), "a metadata key at byte 32 is not UTF-8");
    check(
        File::new(0, 1).text("general.alignment").u32(4).u32(48),
        "general.alignment is 48, expected a power of two",
    );
}

#[test]
fn tensors_that_cannot_be_are_refused() {
    check(
        File::new(1, 0).tensor("t", &[], 0, 0).data(0),
        "tensor t: 0 dimensions at byte 33, expected 1 to 4",
    );
    check(
        File::new(1, 0).tensor("t", &[3, 0], 0, 0).data(0),
        "tensor t: shape [0, 3] at byte 33 cannot be of type F32: it is empty",
    );
    check(
        File::new(1, 0)
            .tensor("t", &[1 << 40, 1 << 40], 0, 0)
            .data(0),
        "tensor t: shape [1099511627776, 1099511627776] at byte 33 cannot be of type F32: it is larger than any file",
    );
    check(
        File::new(1, 0).tensor("t", &[1 << 63], 0, 0).data(0),
        "tensor t: shape [9223372036854775808] at byte 33 cannot be of type F32: it is larger than any file",
    );
    check(
        File::new(1, 0).tensor("t", &[48, 2], 2, 0).data(0),
        "tensor t: shape [2, 48] at byte 33 cannot be of type Q4_0: its rows are not whole blocks",
    );
    check(
        File::new(1, 0).tensor("t", &[8], 0, 33).data(99),
        "tensor t: offset 33 at byte 49 is not a multiple of 32",
    );
    check(
        File::new(1, 0).tensor("t", &[8], 0, 0).data(31),
        "tensor t ends at byte 96, the file has 95 bytes",
    );
    check(
        File::new(1, 0).tensor("t", &[8], 0, u64::MAX - 31).data(31),
        "tensor t ends at byte 18446744073709551615, the file has 95 bytes",
    );
    check(
        File::new(2, 0)
            .tensor("t", &[8], 0, 0)
            .tensor("t", &[8], 0, 32)
            .data(64),
        r#"two tensors are named "t", the second one at byte 57"#,
    );
    check(
        File::new(2, 0)
            .tensor("t", &[9], 0, 0)
            .tensor("u", &[8], 0, 32)
            .data(99),
        "tensors t and u both claim byte 128",
    );
}

fn tiny() -> Vec<u8> {
    std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/golden/tiny-text/model.gguf"
    ))
    .unwrap()
}

/// What may be relied on after a header was read: every range that is given lies in the file.
fn look(bytes: &[u8]) -> Option<Header> {
    let header = Header::read(bytes, bytes.len() as u64).ok()?;
    for tensor in header.tensors() {
        if let Ok(range) = tensor.range() {
            assert!(
                range.start < range.end && range.end <= bytes.len() as u64,
                "{tensor:?}"
            );
        }
    }
    Some(header)
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let bytes = tiny();
    let data_start = look(&bytes).unwrap().data_start() as usize;
    for len in (0..data_start).chain((data_start..bytes.len()).step_by(997)) {
        assert!(look(&bytes[..len]).is_none(), "cut at {len}");
    }
    // The same where the reader has less than the length says: up to the filling before the data.
    let table_end = data_start - 32;
    for len in (0..table_end).step_by(7) {
        let cut = Header::read(&bytes[..len], bytes.len() as u64);
        assert!(matches!(cut, Err(Error::Truncated { .. })), "cut at {len}");
    }
}

#[test]
fn a_file_with_any_byte_changed_is_refused_or_read() {
    let mut bytes = tiny();
    let header = look(&bytes).unwrap();
    for at in 0..header.data_start() as usize {
        let was = bytes[at];
        for mask in [0x01, 0x80, 0xff] {
            bytes[at] = was ^ mask;
            look(&bytes);
        }
        bytes[at] = was;
    }
}

#[test]
fn a_file_with_numbers_at_their_limits_is_refused_or_read() {
    let mut bytes = tiny();
    let header = look(&bytes).unwrap();
    for at in (0..header.data_start() as usize - 8).step_by(3) {
        let was: [u8; 8] = bytes[at..at + 8].try_into().unwrap();
        for limit in [1 << 31, 1 << 63, u64::MAX] {
            bytes[at..at + 8].copy_from_slice(&u64::to_le_bytes(limit));
            look(&bytes);
        }
        bytes[at..at + 8].copy_from_slice(&was);
    }
}
