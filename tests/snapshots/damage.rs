//! Every damage to the files of a snapshot is detected and named.

use std::fs;

use hydrotest::snapshot::{Recording, SnapshotError};

use crate::place::{Judged, Place, edit_array, prediction};

/// The file that the error names as altered.
fn altered(place: &Place, recording: Recording) -> std::path::PathBuf {
    match place.judge(recording, &prediction()) {
        Err(SnapshotError::Altered { path }) => path,
        other => panic!("not detected: {other:?}"),
    }
}

#[test]
fn every_altered_array_is_detected_and_not_silently_repaired() {
    for name in ["plddt[0]", "aatype", "s_z", "pdb[0]#bytes", "atom_array[0].coord", "atom_array[0].res_id"] {
        let place = Place::new();
        let (_, arrays) = place.record(&prediction());
        let intact = fs::read(&arrays).unwrap();
        edit_array(&arrays, name, |bytes| {
            // The lowest bit of the last element.
            let at = bytes.len()
                - match name {
                    "aatype" => 8,
                    "pdb[0]#bytes" => 1,
                    _ => 4,
                };
            bytes[at] ^= 1;
        });
        for recording in [Recording::Never, Recording::Pending, Recording::Missing] {
            assert_eq!(altered(&place, recording), arrays, "{name}");
        }
        fs::write(&arrays, intact).unwrap();
        let judged = place.judge(Recording::Never, &prediction());
        assert!(matches!(judged, Ok(Judged::Matches(_))), "{judged:?}");
    }
}

#[test]
fn a_missing_or_damaged_file_of_arrays_is_an_error_that_names_it() {
    let place = Place::new();
    let (_, arrays) = place.record(&prediction());
    let intact = fs::read(&arrays).unwrap();
    let named = |message: &str| message.starts_with(&arrays.display().to_string());
    for length in (0..intact.len()).step_by(97) {
        fs::write(&arrays, &intact[..length]).unwrap();
        let message = place.error(&prediction());
        assert!(named(&message), "{message}");
    }
    let mut damaged = intact.clone();
    for at in (0..intact.len()).step_by(53) {
        damaged[at] ^= 0x10;
        fs::write(&arrays, &damaged).unwrap();
        // Either it cannot be unpacked or the changed content is detected. Padding of the container may change undetected.
        match place.judge(Recording::Never, &prediction()) {
            Err(error) => assert!(named(&error.to_string()), "{error}"),
            Ok(Judged::Matches(comparison)) => assert!(comparison.is_equal()),
            Ok(judgement) => assert!(matches!(judgement, Judged::Differs { .. })),
        }
        damaged[at] ^= 0x10;
    }
    fs::remove_file(&arrays).unwrap();
    let message = place.error(&prediction());
    assert!(named(&message), "{message}");
}

#[test]
fn edited_text_of_a_snapshot_is_detected() {
    let place = Place::new();
    let (path, _) = place.record(&prediction());
    let text = fs::read_to_string(&path).unwrap();
    // Nothing can verify the text before it, which is the provenance.
    let values = text.find("  \"class\"").unwrap();
    for at in values..text.trim_end().len() {
        let mut bytes = text.clone().into_bytes();
        if !bytes[at].is_ascii_digit() {
            continue;
        }
        bytes[at] = if bytes[at] == b'9' { b'1' } else { bytes[at] + 1 };
        fs::write(&path, &bytes).unwrap();
        let judgement = place.judge(Recording::Never, &prediction());
        let noticed = match &judgement {
            Err(error) => error.to_string().starts_with(&place.root().display().to_string()),
            // A number that is written out is compared itself.
            Ok(judged) => matches!(judged, Judged::Differs { .. }),
        };
        let line = String::from_utf8_lossy(&bytes);
        let line = line[..at].lines().last().unwrap_or_default().to_owned();
        assert!(noticed, "after {line:?}: {judgement:?}");
    }
}

#[test]
fn files_that_are_not_snapshots_are_errors_that_name_them() {
    let place = Place::new();
    let (path, _) = place.record(&prediction());
    let intact = fs::read_to_string(&path).unwrap();
    let conflict = intact.replacen("    \"plddt", "<<<<<<< ours\n    \"plddt", 1);
    let header = |line: &str| intact.replacen("---\n", &format!("---\n{line}\n"), 1);
    let deep = format!("info: {}", "[".repeat(20_000));
    let levels = (0..2500).map(|level| format!("    \"a{}\": {{\"holds\":\"dict of 1\"}},\n", ".a".repeat(level)));
    let nested = intact.replacen("  \"values\": {\n", &format!("  \"values\": {{\n{}", levels.collect::<String>()), 1);
    assert_ne!(nested, intact);
    for text in [
        "",
        "---\n",
        "---\n---\n",
        "plain text\n\nmore",
        &conflict,
        &header("info: ["),
        &header("info: .inf"),
        &header("info: 'unclosed"),
        &header(&format!("info:\n{}", "- ".repeat(50_000))),
        &header(&deep),
        &header("snapshot_kind: binary\nextension: x"),
        &nested,
        &intact[..intact.len() / 2],
    ] {
        fs::write(&path, text).unwrap();
        let start = &text[..text.len().min(60)];
        let error = place.judge(Recording::Never, &prediction()).expect_err(start).to_string();
        assert!(error.starts_with(&path.display().to_string()), "{error}");
    }
    fs::write(&path, [b'-', b'-', b'-', b'\n', 0xff]).unwrap();
    assert!(place.error(&prediction()).starts_with(&path.display().to_string()));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(place.error(&prediction()).starts_with(&path.display().to_string()));
}
