//! The names of files that are one model together: `gemma-3-27b-it-00001-of-00003.gguf` (llama.cpp's
//! `llama_split_path`).

/// What the name of one of several files says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What comes before the numbers: `gemma-3-27b-it`.
    pub model: String,
    /// Which one it is, from 1.
    pub number: u32,
    /// How many there are.
    pub count: u32,
}

impl Part {
    /// Reads a file's name; `None` if it is not that of a part.
    pub fn parse(file_name: &str) -> Option<Self> {
        let (rest, count) = file_name.strip_suffix(".gguf")?.rsplit_once("-of-")?;
        let (model, number) = rest.rsplit_once('-')?;
        let five_digits = |text: &str| {
            let is_number = text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| text.parse::<u32>().ok()).flatten()
        };
        let (number, count) = (five_digits(number)?, five_digits(count)?);
        (1..=count).contains(&number).then(|| Self {
            model: model.to_owned(),
            number,
            count,
        })
    }

    /// The names of all parts, in order.
    pub fn all(&self) -> impl ExactSizeIterator<Item = String> {
        let Self { model, count, .. } = self;
        (0..*count).map(move |index| format!("{model}-{:05}-of-{count:05}.gguf", index + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_names_all_of_them() {
        let part = Part::parse("gemma-3-27b-it-00002-of-00003.gguf").expect("a part");
        assert_eq!((part.model.as_str(), part.number), ("gemma-3-27b-it", 2));
        let all: Vec<String> = part.all().collect();
        assert_eq!(
            all,
            [1, 2, 3].map(|number| format!("gemma-3-27b-it-0000{number}-of-00003.gguf"))
        );
    }

    #[test]
    fn other_names_are_no_parts() {
        for name in [
            "gemma-3-27b-it.gguf",
            "a-00004-of-00003.gguf",
            "a-00000-of-00003.gguf",
            "a-1-of-3.gguf",
            "a-00001-of-00003.safetensors",
            "a-0000x-of-00003.gguf",
            "00001-of-00003.gguf",
        ] {
            assert_eq!(Part::parse(name), None, "{name}");
        }
    }
}
