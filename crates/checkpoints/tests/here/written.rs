//! GGUF files with nothing but a head, written here so that they can say anything.

/// A value of the metadata.
#[derive(Clone)]
pub enum Says<'a> {
    Text(&'a str),
    Number(u32),
}
pub use Says::{Number, Text};

/// A GGUF file without tensors that says `metadata` of itself.
pub fn gguf(metadata: &[(&str, Says)]) -> Vec<u8> {
    let mut bytes = b"GGUF".to_vec();
    bytes.extend(3_u32.to_le_bytes());
    bytes.extend(0_u64.to_le_bytes()); // tensors
    bytes.extend((metadata.len() as u64).to_le_bytes());
    for (key, value) in metadata {
        push_text(&mut bytes, key);
        match value {
            Text(text) => {
                bytes.extend(8_u32.to_le_bytes());
                push_text(&mut bytes, text);
            }
            Number(number) => {
                bytes.extend(4_u32.to_le_bytes());
                bytes.extend(number.to_le_bytes());
            }
        }
    }
    bytes
}

/// What a converted Gemma 3 says, with `more` added.
pub fn gemma(layers: u32, width: u32, more: &[(&'static str, Says<'static>)]) -> Vec<u8> {
    let usual = [
        ("general.architecture", Text("gemma3")),
        ("gemma3.block_count", Number(layers)),
        ("gemma3.embedding_length", Number(width)),
        ("gemma3.context_length", Number(131_072)),
    ];
    gguf(&[&usual, more].concat())
}

/// Writes a model in parts outside the models folder and says where they are.
pub fn write_parts(home: &crate::Home, name: &str, count: u32) -> Vec<std::path::PathBuf> {
    let parts = (1..=count).map(|number| {
        let path = home.outside(&format!("{name}-{number:05}-of-{count:05}.gguf"));
        let split = [
            ("split.count", Number(count)),
            ("split.no", Number(number - 1)),
        ];
        let bytes = match number {
            1 => gemma(62, 5376, &split),
            _ => gguf(&split),
        };
        std::fs::write(&path, bytes).expect("it can be written");
        path
    });
    parts.collect()
}

fn push_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend(text.as_bytes());
}
