//! Damage: whatever happens to the files, it is noticed and named.

use std::fs;

use hydrotest::snapshot::{Judgement, Recording};

use crate::place::{Place, edit_array, key, prediction, provenance, within};

#[test]
fn a_digit_changed_in_the_file_of_arrays_fails_with_its_index_and_numbers() {
    let place = Place::new();
    let (_, arrays) = place.record(&prediction());
    let intact = fs::read(&arrays).unwrap();
    edit_array(&arrays, "plddt[0]", |bytes| {
        let at = bytes.len() - 8;
        bytes[at..at + 4].copy_from_slice(&0.25f32.to_le_bytes());
    });
    let comparison = place.difference(&prediction());
    assert_eq!(comparison.altered.as_deref(), Some(arrays.as_path()));
    let message = comparison.to_string();
    assert!(
        message.starts_with(&format!("{} was altered", arrays.display())),
        "{message}"
    );
    assert!(message.contains("at [1]: expected 0.25, got 0.7"), "{message}");

    // It fails again and again, whatever may be written: the arrays are not put right behind anybody's back.
    for recording in [Recording::Pending, Recording::Missing] {
        let judgement = place.judge(recording, &prediction()).unwrap();
        assert!(
            matches!(judgement, Judgement::Differs { pending: None, .. }),
            "{judgement:?}"
        );
    }
    fs::write(&arrays, intact).unwrap();
    assert!(matches!(
        place.judge(Recording::Never, &prediction()),
        Ok(Judgement::Matches(_))
    ));
}

#[test]
fn every_altered_array_is_noticed_even_within_tolerance() {
    for name in [
        "plddt[0]",
        "aatype",
        "s_z",
        "atom_array[0].coord",
        "atom_array[0].res_id",
    ] {
        let place = Place::new();
        let (_, arrays) = place.record(&prediction());
        edit_array(&arrays, name, |bytes| {
            // The lowest bit of the last element.
            let at = bytes.len() - if name == "aatype" { 8 } else { 4 };
            bytes[at] ^= 1;
        });
        let judgement = place
            .store(Recording::Never)
            .judge(&key("two_chains"), &prediction(), &provenance(), within(1e9))
            .unwrap();
        let Judgement::Differs { comparison, .. } = judgement else {
            panic!("{name}: {judgement:?}");
        };
        assert_eq!(comparison.altered.as_deref(), Some(arrays.as_path()), "{name}");
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
        // Either it cannot be unpacked or what comes out is noticed; padding of the container may change unseen.
        match place.judge(Recording::Never, &prediction()) {
            Err(error) => assert!(named(&error.to_string()), "{error}"),
            Ok(Judgement::Matches(comparison)) => assert!(comparison.is_equal()),
            Ok(judgement) => assert!(matches!(judgement, Judgement::Differs { .. })),
        }
        damaged[at] ^= 0x10;
    }
    fs::remove_file(&arrays).unwrap();
    let message = place.error(&prediction());
    assert!(named(&message), "{message}");
}

#[test]
fn edited_text_of_a_snapshot_is_noticed() {
    let place = Place::new();
    let (path, _) = place.record(&prediction());
    let text = fs::read_to_string(&path).unwrap();
    let body = text.rfind("---\n").unwrap() + 4;
    for at in body..text.trim_end().len() {
        let mut bytes = text.clone().into_bytes();
        if !bytes[at].is_ascii_digit() {
            continue;
        }
        bytes[at] = if bytes[at] == b'9' { b'1' } else { bytes[at] + 1 };
        fs::write(&path, &bytes).unwrap();
        let judgement = place.judge(Recording::Never, &prediction());
        let noticed = matches!(judgement, Err(_) | Ok(Judgement::Differs { .. }));
        let line = String::from_utf8_lossy(&bytes);
        let line = line[..at].lines().last().unwrap_or_default().to_owned();
        assert!(noticed, "after {line:?}: {judgement:?}");
    }
}

#[test]
fn texts_that_are_no_snapshot_are_errors_that_name_them() {
    let place = Place::new();
    let (path, _) = place.record(&prediction());
    let intact = fs::read_to_string(&path).unwrap();
    let conflict = intact.replacen("plddt", "<<<<<<< ours\nplddt", 1);
    let header = |line: &str| intact.replacen("---\n", &format!("---\n{line}\n"), 1);
    let deep = format!("info: {}", "[".repeat(20_000));
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
        &intact[..intact.len() / 2],
    ] {
        fs::write(&path, text).unwrap();
        let start = &text[..text.len().min(60)];
        let error = place
            .judge(Recording::Never, &prediction())
            .expect_err(start)
            .to_string();
        assert!(error.starts_with(&path.display().to_string()), "{error}");
    }
    fs::write(&path, [b'-', b'-', b'-', b'\n', 0xff]).unwrap();
    assert!(place.error(&prediction()).starts_with(&path.display().to_string()));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(place.error(&prediction()).starts_with(&path.display().to_string()));
}
