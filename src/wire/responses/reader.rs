//! Returns recorded responses, each once and in order of arrival. Does not read a file before its response is requested.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::{CallKey, RawResponse, RecordingError, ResponseOrigin, file};

/// The most bytes of a file.
const LONGEST: u64 = 512 << 20;
/// The most recordings below a directory.
const MOST: usize = 100_000;

/// The recordings below a directory.
#[derive(Debug)]
pub(crate) struct ResponseReader {
    /// By the hash of the call, in order of arrival.
    files: HashMap<String, Vec<PathBuf>>,
    given: Mutex<HashMap<String, usize>>,
}

/// The result of a request for a recorded response.
#[derive(Debug)]
pub(crate) enum Replayed {
    /// The next recorded response.
    Response {
        /// The origin of the response.
        origin: ResponseOrigin,
        /// The response.
        raw: RawResponse,
    },
    /// All responses were returned already.
    Exhausted {
        /// The number of recorded responses.
        recorded: usize,
    },
    /// Nothing was recorded.
    Absent,
}

impl ResponseReader {
    /// Lists the recordings below a directory.
    ///
    /// # Errors
    /// A directory cannot be listed.
    pub(crate) fn open(directory: &Path) -> Result<Self, RecordingError> {
        let mut found: Vec<(String, usize, PathBuf)> = Vec::new();
        let mut waiting = vec![directory.to_owned()];
        while let Some(current) = waiting.pop() {
            let failed = |error| RecordingError::new(&current, &error);
            for entry in fs::read_dir(&current).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                let kind = entry.file_type().map_err(failed)?;
                if kind.is_dir() && current == directory {
                    waiting.push(entry.path());
                } else if let Some((hash, number)) = entry.file_name().to_str().and_then(parse) {
                    found.push((hash, number, entry.path()));
                }
                if found.len() > MOST {
                    return Err(RecordingError::new(&current, &format!("more than {MOST} recordings")));
                }
            }
        }
        found.sort();
        let mut files: HashMap<String, Vec<PathBuf>> = HashMap::new();
        for (hash, _, path) in found {
            files.entry(hash).or_default().push(path);
        }
        Ok(Self { files, given: Mutex::default() })
    }

    /// The number of recorded responses.
    pub(crate) fn recorded(&self) -> usize {
        self.files.values().map(Vec::len).sum()
    }

    /// The next response to a call.
    ///
    /// # Errors
    /// The file cannot be read, is not a recording or belongs to another call.
    pub(crate) fn next(&self, key: &CallKey) -> Result<Replayed, RecordingError> {
        let Some(paths) = self.files.get(key.hash()) else { return Ok(Replayed::Absent) };
        let place = {
            let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
            let count = given.entry(key.hash().to_owned()).or_default();
            std::mem::replace(count, *count + 1)
        };
        let Some(path) = paths.get(place) else {
            return Ok(Replayed::Exhausted { recorded: paths.len() });
        };
        let (found, origin, raw) = file::unpack(&read(path)?).map_err(|problem| RecordingError::new(path, &problem))?;
        if found != *key {
            return Err(RecordingError::new(path, "it belongs to another call than its name"));
        }
        Ok(Replayed::Response { origin, raw })
    }
}

/// Reads a regular file of bounded length.
fn read(path: &Path) -> Result<Vec<u8>, RecordingError> {
    let failed = |error| RecordingError::new(path, &error);
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(RecordingError::new(path, "it is no regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(LONGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LONGEST {
        return Err(RecordingError::new(path, &format!("it is longer than {} MiB", LONGEST >> 20)));
    }
    Ok(bytes)
}

/// Hash and number of a file name.
fn parse(name: &str) -> Option<(String, usize)> {
    let stem = name.strip_suffix(".zip")?;
    let (hash, number) = match stem.split_once('-') {
        Some((hash, number)) => (hash, number.parse().ok()?),
        None => (stem, 1),
    };
    let is_hash = !hash.is_empty() && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then(|| (hash.to_owned(), number))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::super::ResponseWriter;
    use super::*;
    use crate::prediction::{Input, Method, Options, Request};

    fn origin() -> ResponseOrigin {
        ResponseOrigin {
            backend: "lab".into(),
            kind: "process".into(),
            weights: "synthetic".into(),
            hydrotest: "0".into(),
        }
    }

    fn key(sequence: &str) -> CallKey {
        let request = Request { method: Method::Embed, input: Input::One(sequence.into()), options: Options::new() };
        CallKey::new("esm2", &json!({"a": 1}).as_object().unwrap().clone(), &request)
    }

    fn payload(byte: u8) -> RawResponse {
        RawResponse::Payload {
            pickle: vec![byte; 1000].into(),
            buffers: vec![Bytes::from_static(b"one"), Bytes::new()],
        }
    }

    fn given(reader: &ResponseReader, key: &CallKey) -> RawResponse {
        match reader.next(key).unwrap() {
            Replayed::Response { raw, origin: found } => {
                assert_eq!(found, origin());
                raw
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn responses_come_back_as_they_were_in_their_order_and_no_more_often() {
        let directory = tempfile::tempdir().unwrap();
        let refused = RawResponse::Status { status: 500, location: None, body: "{\"detail\": \"no\"}".into() };
        let failed = RawResponse::Failure {
            fault: "refused".into(),
            decoding: false,
            message: "no".into(),
            exception: Some("ValueError".into()),
        };
        let writer = ResponseWriter::create(directory.path(), origin()).unwrap();
        for raw in [&payload(1), &refused, &failed] {
            writer.keep(&key("AC"), raw);
        }
        assert_eq!((writer.kept().0, writer.failures()), (3, vec![]));
        let reader = ResponseReader::open(directory.path()).unwrap();
        assert_eq!(reader.recorded(), 3);
        for raw in [payload(1), refused, failed] {
            assert_eq!(given(&reader, &key("AC")), raw);
        }
        assert!(matches!(reader.next(&key("AC")).unwrap(), Replayed::Exhausted { recorded: 3 }));
        assert!(matches!(reader.next(&key("ACD")).unwrap(), Replayed::Absent));
        // Another run keeps its own responses only.
        let writer = ResponseWriter::create(directory.path(), origin()).unwrap();
        writer.keep(&key("AC"), &payload(2));
        let reader = ResponseReader::open(directory.path()).unwrap();
        assert_eq!(reader.recorded(), 1);
        assert_eq!(given(&reader, &key("AC")), payload(2));
    }

    #[test]
    fn an_altered_or_renamed_recording_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let writer = ResponseWriter::create(directory.path(), origin()).unwrap();
        writer.keep(&key("AC"), &payload(1));
        let path = directory.path().join(format!("esm2/{}.zip", key("AC").hash()));
        let refused = |bytes: &[u8], name: &CallKey| {
            let path = directory.path().join(format!("esm2/{}.zip", name.hash()));
            fs::write(&path, bytes).unwrap();
            let reader = ResponseReader::open(directory.path()).unwrap();
            reader.next(name).unwrap_err().to_string()
        };
        let whole = fs::read(&path).unwrap();
        assert!(refused(&whole, &key("ACD")).contains("another call"));
        assert!(refused(&whole[..whole.len() / 2], &key("AC")).contains("zip"));
        // The same parts with another payload, as an edit by hand leaves them.
        let other = file::pack(&key("AC"), &origin(), &payload(2)).unwrap();
        let mut mixed = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (from, name) in [(&whole, "recording.json"), (&other, "payload.pickle"), (&whole, "buffer-0.bin")] {
            let mut archive = zip::ZipArchive::new(std::io::Cursor::new(from)).unwrap();
            mixed.raw_copy_file(archive.by_name(name).unwrap()).unwrap();
        }
        for name in ["buffer-1.bin", "SHA256SUMS"] {
            let mut archive = zip::ZipArchive::new(std::io::Cursor::new(&whole)).unwrap();
            mixed.raw_copy_file(archive.by_name(name).unwrap()).unwrap();
        }
        let mixed = mixed.finish().unwrap().into_inner();
        let message = refused(&mixed, &key("AC"));
        assert!(message.contains("payload.pickle is not what was recorded"), "{message}");
    }
}
