//! Files as other programs write them: orders, encodings and types that differ without the numbers differing, and what a
//! verdict alone would hide.

use std::path::Path;

use hydrotest::tensor::Tensor;

use super::{HELIX, compare, npy, text};

/// An npy file with a header as given.
fn raw(directory: &Path, name: &str, header: &str, data: &[u8]) -> std::path::PathBuf {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    bytes.extend(data);
    let path = directory.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn the_order_of_elements_and_of_bytes_is_no_difference() {
    let directory = tempfile::tempdir().unwrap();
    let values = [0.5f32, 1.0, 1.5, -2.0, 2.5, 3.0];
    let plain = directory.path().join("plain.npy");
    std::fs::write(&plain, npy(&Tensor::from_values(vec![2, 3], &values).unwrap())).unwrap();
    let columns: Vec<u8> = [0, 3, 1, 4, 2, 5]
        .iter()
        .flat_map(|&at| values[at].to_be_bytes())
        .collect();
    let header = "{'descr': '>f4', 'fortran_order': True, 'shape': (2, 3), }";
    let other = raw(directory.path(), "other.npy", header, &columns);
    let output = compare(&plain, &other, &[]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 3), }";
    let output = compare(&plain, &raw(directory.path(), "negative.npy", header, &[]), &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("negative dimension -1"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn another_element_type_is_a_difference_that_hides_no_number() {
    let directory = tempfile::tempdir().unwrap();
    let values = [0.5f32, 1.0, 1.5, -2.0];
    let wide = values.map(|value| f64::from(value) + 0.001);
    let paths = ["a.npy", "b.npy"].map(|name| directory.path().join(name));
    std::fs::write(&paths[0], npy(&Tensor::vector(&values))).unwrap();
    std::fs::write(&paths[1], npy(&Tensor::vector(&wide))).unwrap();
    for (flags, verdict) in [(&[][..], "different"), (&["--atol", "0.01"], "within tolerance")] {
        let output = compare(&paths[0], &paths[1], &[&["--json"], flags].concat());
        assert_eq!(output.status.code(), Some(1));
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let section = &json["sections"][0];
        assert_eq!(
            section["differences"][0],
            "float32 array (4,) against float64 array (4,)"
        );
        let metrics = section["metrics"].as_array().unwrap();
        let judged = metrics.iter().find_map(|row| row["judged"].get(0)).unwrap();
        assert_eq!(judged["verdict"], verdict, "{json}");
    }
}

#[test]
fn what_is_not_finite_is_told_even_where_it_is_equal() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.npy");
    std::fs::write(&path, npy(&Tensor::vector(&[1.0f32, f32::NAN]))).unwrap();
    let output = compare(&path, &path, &[]);
    assert_eq!(output.status.code(), Some(0));
    let words = text(&output.stdout);
    assert!(words.contains("not finite: 1 in the first, 1 in the second"), "{words}");
}

#[test]
fn files_without_anything_in_common_are_no_comparison() {
    let directory = tempfile::tempdir().unwrap();
    let [pdb, array, empty] = ["a.pdb", "a.npy", "a.npz"].map(|name| directory.path().join(name));
    std::fs::write(&pdb, HELIX).unwrap();
    std::fs::write(&array, npy(&Tensor::vector(&[1.0f32]))).unwrap();
    // The end of a zip file without entries.
    std::fs::write(&empty, [&b"PK\x05\x06"[..], &[0; 18]].concat()).unwrap();
    let missing = directory.path().join("missing");
    for (first, second, words) in [
        (&pdb, &array, "there is nothing to compare"),
        (&empty, &empty, "holds no array"),
        (&missing, &missing, "No such file"),
    ] {
        let output = compare(first, second, &[]);
        let complaint = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
        assert!(complaint.contains(words), "{complaint}");
        assert!(complaint.contains("(exit code 2)"), "{complaint}");
    }
}

#[test]
fn an_encoding_hides_no_atom_and_a_bad_byte_has_a_line() {
    let directory = tempfile::tempdir().unwrap();
    let plain = directory.path().join("plain.pdb");
    std::fs::write(&plain, HELIX).unwrap();
    let against = |bytes: &[u8]| {
        let path = directory.path().join("other.pdb");
        std::fs::write(&path, bytes).unwrap();
        let output = compare(&plain, &path, &[]);
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    };
    let (code, words) = against(&[b"\xef\xbb\xbf", HELIX.as_bytes()].concat());
    assert_eq!(code, Some(0), "{words}");
    let (code, words) = against(&[b"REMARK   1 AUTHOR Andr\xe9\n", HELIX.as_bytes()].concat());
    assert_eq!(code, Some(0), "{words}");
    let mut broken = HELIX.as_bytes().to_vec();
    let place = HELIX.find("LEU").unwrap();
    broken[place] = 0xe9;
    let (code, words) = against(&broken);
    assert_eq!(code, Some(2), "{words}");
    assert!(words.contains("other.pdb:6: the byte 0xe9 in column 18"), "{words}");
}

#[test]
fn results_of_different_weights_are_not_compared() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/synthetic");
    let directory = tempfile::tempdir().unwrap();
    let from = root.join("boltz2/fold/nipah.snap");
    let recorded = std::fs::read_to_string(&from).unwrap();
    let hash = recorded.lines().find_map(|line| line.strip_prefix("arrays ")).unwrap();
    let place = directory.path().join("published/boltz2/fold");
    let arrays = directory.path().join("published/arrays");
    std::fs::create_dir_all(&place).unwrap();
    let other = place.join("nipah.snap");
    std::fs::write(&other, recorded.replace("weights: synthetic", "weights: published")).unwrap();
    let output = compare(&from, &other, &[]);
    assert_eq!(output.status.code(), Some(2));
    let words = text(&output.stderr);
    assert!(words.contains("its arrays are not where they were recorded"), "{words}");
    std::fs::create_dir_all(&arrays).unwrap();
    let name = format!("{hash}.npz");
    std::fs::copy(root.join("arrays").join(&name), arrays.join(&name)).unwrap();
    let output = compare(&from, &other, &["--model", "boltz2"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
    let words = text(&output.stderr);
    assert!(
        words.contains("synthetic weights") && words.contains("published weights"),
        "{words}"
    );
    assert!(
        words.contains("results compare only within one set of weights"),
        "{words}"
    );
}
