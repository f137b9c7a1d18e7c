//! Converts a recording to the bytes of a zip file and back. Does not trust what it reads: sizes are bounded, and every part must have
//! its stated hash.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _, Write as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use super::recording::MOST_BUFFERS;
use super::{CallKey, RawResponse, ResponseOrigin};

/// The version of the format.
const FORMAT: u32 = 1;
/// The part that describes the recording.
const DESCRIPTION: &str = "recording.json";
/// The part with the hashes of all others.
const SUMS: &str = "SHA256SUMS";
const PICKLE: &str = "payload.pickle";
/// The most bytes that one recording may unpack to.
const UNPACKED: u64 = 1 << 30;
/// The most parts of a recording.
const MOST_PARTS: usize = MOST_BUFFERS + 3;

/// A file that is not a recording, or cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct RecordingError {
    path: PathBuf,
    problem: String,
}

impl RecordingError {
    pub(super) fn new(path: &Path, problem: &(impl ToString + ?Sized)) -> Self {
        Self { path: path.to_owned(), problem: problem.to_string() }
    }
}

/// The contents of `recording.json`.
#[derive(Serialize, Deserialize)]
struct Description {
    format: u32,
    call: Value,
    origin: ResponseOrigin,
    response: RawResponse,
}

/// Packs a recording. Equal recordings make equal bytes.
pub(super) fn pack(key: &CallKey, origin: &ResponseOrigin, raw: &RawResponse) -> Result<Vec<u8>, String> {
    let description =
        Description { format: FORMAT, call: key.call.clone(), origin: origin.clone(), response: raw.clone() };
    let mut text = serde_json::to_vec_pretty(&description).map_err(|error| error.to_string())?;
    text.push(b'\n');
    let mut all: Vec<(String, Bytes)> = vec![(DESCRIPTION.to_owned(), text.into())];
    if let RawResponse::Payload { pickle, buffers } = raw {
        all.push((PICKLE.to_owned(), pickle.clone()));
        all.extend(buffers.iter().enumerate().map(|(index, buffer)| (buffer_name(index), buffer.clone())));
    }
    let sums: Vec<String> = all.iter().map(|(name, part)| format!("{}  {name}\n", sha256(part))).collect();
    all.push((SUMS.to_owned(), sums.concat().into()));
    zip(&all).map_err(|error| error.to_string())
}

fn zip(parts: &[(String, Bytes)]) -> Result<Vec<u8>, zip::result::ZipError> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, part) in parts {
        zip.start_file(name.as_str(), options)?;
        zip.write_all(part)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// Unpacks a recording without changes.
pub(super) fn unpack(bytes: &[u8]) -> Result<(CallKey, ResponseOrigin, RawResponse), String> {
    let mut parts = unzip(bytes)?;
    let sums = take_part(&mut parts, SUMS)?;
    check_sums(&String::from_utf8_lossy(&sums), &parts)?;
    let description = take_part(&mut parts, DESCRIPTION)?;
    let description: Description =
        serde_json::from_slice(&description).map_err(|error| format!("{DESCRIPTION}: {error}"))?;
    if description.format != FORMAT {
        return Err(format!("it is of format {}, and this program reads format {FORMAT}", description.format));
    }
    let mut raw = description.response;
    if let RawResponse::Payload { pickle, buffers } = &mut raw {
        *pickle = take_part(&mut parts, PICKLE)?;
        for (index, buffer) in buffers.iter_mut().enumerate() {
            *buffer = take_part(&mut parts, &buffer_name(index))?;
        }
    }
    match parts.keys().next() {
        Some(name) => Err(format!("it has a part {name:?} that no recording has")),
        None => Ok((CallKey::of(description.call), description.origin, raw)),
    }
}

fn take_part(parts: &mut BTreeMap<String, Bytes>, name: &str) -> Result<Bytes, String> {
    parts.remove(name).ok_or_else(|| format!("it has no part {name}"))
}

fn unzip(bytes: &[u8]) -> Result<BTreeMap<String, Bytes>, String> {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    if zip.len() > MOST_PARTS {
        return Err(format!("it has more than {MOST_PARTS} parts"));
    }
    let mut parts = BTreeMap::new();
    let mut left = UNPACKED;
    for index in 0..zip.len() {
        let entry = zip.by_index(index).map_err(|error| error.to_string())?;
        let name = entry.name().map_err(|error| error.to_string())?.into_owned();
        // The limit is on the unpacked bytes, because the stated size of an entry may be wrong.
        let mut part = Vec::new();
        entry.take(left + 1).read_to_end(&mut part).map_err(|error| format!("{name}: {error}"))?;
        left = left
            .checked_sub(part.len() as u64)
            .ok_or_else(|| format!("it unpacks to more than {} MiB", UNPACKED >> 20))?;
        if parts.insert(name.clone(), part.into()).is_some() {
            return Err(format!("it has the part {name:?} twice"));
        }
    }
    Ok(parts)
}

/// Checks that the parts are exactly the stated ones, with their stated hashes.
fn check_sums(sums: &str, parts: &BTreeMap<String, Bytes>) -> Result<(), String> {
    let mut stated = 0;
    for line in sums.lines() {
        let (hash, name) = line.split_once("  ").ok_or_else(|| format!("{SUMS} has the line {line:?}"))?;
        let part = parts.get(name).ok_or_else(|| format!("it has no part {name}"))?;
        if sha256(part) != hash {
            return Err(format!("its part {name} is not what was recorded: another SHA-256"));
        }
        stated += 1;
    }
    if stated == parts.len() { Ok(()) } else { Err(format!("{SUMS} names {stated} of {} parts", parts.len())) }
}

fn buffer_name(index: usize) -> String {
    format!("buffer-{index}.bin")
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
