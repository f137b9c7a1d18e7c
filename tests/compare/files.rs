//! Files as other programs write them: orders, encodings and types that differ without the numbers differing, and what a
//! verdict alone would hide.

use std::io::Write as _;
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
            "expected float32 array (4,), got float64 array (4,)"
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
    let from = root.join("esmfold/fold/nipah.snap");
    let recorded = std::fs::read_to_string(&from).unwrap();
    let hash = recorded
        .lines()
        .find_map(|line| line.trim().strip_prefix("\"arrays\": \""))
        .unwrap();
    let hash = hash.trim_end_matches(['"', ',']);
    let place = directory.path().join("published/esmfold/fold");
    let arrays = directory.path().join("published/arrays");
    std::fs::create_dir_all(&place).unwrap();
    let other = place.join("nipah.snap");
    std::fs::write(
        &other,
        recorded
            .replace("\"weights\": \"synthetic\"", "\"weights\": \"published\"")
            .replace("with synthetic", "with published"),
    )
    .unwrap();
    let output = compare(&from, &other, &[]);
    assert_eq!(output.status.code(), Some(2));
    let words = text(&output.stderr);
    assert!(words.contains("its arrays are not where they were recorded"), "{words}");
    std::fs::create_dir_all(&arrays).unwrap();
    let name = format!("{hash}.npz");
    std::fs::copy(root.join("arrays").join(&name), arrays.join(&name)).unwrap();
    let output = compare(&from, &other, &["--model", "esmfold"]);
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

#[test]
fn packed_files_and_other_names_of_formats_are_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let packed = |name: &str, text: &str| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(text.as_bytes()).unwrap();
        std::fs::write(path(name), gzip.finish().unwrap()).unwrap();
        path(name)
    };
    let structure = hydrotest::protein::pdb::read(HELIX).unwrap();
    let cif = hydrotest::protein::mmcif::write(&structure, "helix");
    std::fs::write(path("a.pdb"), HELIX).unwrap();
    std::fs::write(path("a.pdbx"), &cif).unwrap();
    for other in [path("a.pdbx"), packed("a.pdb.gz", HELIX), packed("a.CIF.GZ", &cif)] {
        let output = compare(&path("a.pdb"), &other, &[]);
        let words = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{}: {words}", other.display());
    }
    let cut = packed("cut.pdb.gz", HELIX);
    let bytes = std::fs::read(&cut).unwrap();
    std::fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    for (name, words) in [
        (cut, "cannot be unpacked"),
        (packed("a.npy.gz", ""), "unpack it first"),
        (packed("a.gz", HELIX), "cannot tell what this is by its name"),
    ] {
        let output = compare(&path("a.pdb"), &name, &[]);
        assert_eq!(output.status.code(), Some(2), "{}", name.display());
        let found = text(&output.stderr);
        assert!(found.contains(words), "{found}");
    }
}

#[test]
fn a_file_of_which_some_atoms_have_no_b_factor_is_the_same_as_itself() {
    let directory = tempfile::tempdir().unwrap();
    let structure = hydrotest::protein::pdb::read(HELIX).unwrap();
    let cif = hydrotest::protein::mmcif::write(&structure, "helix");
    let mut lines: Vec<String> = cif.lines().map(str::to_owned).collect();
    for line in lines.iter_mut().filter(|line| line.starts_with("ATOM")).take(2) {
        *line = line.replace(" 0.9 ", " ? ");
    }
    let path = directory.path().join("partial.cif");
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    let output = compare(&path, &path, &[]);
    let words = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{words}{}", text(&output.stderr));
    assert!(words.contains("2 of 8 atoms have no B factor"), "{words}");
    let whole = directory.path().join("whole.cif");
    std::fs::write(&whole, cif).unwrap();
    assert_eq!(compare(&path, &whole, &[]).status.code(), Some(1));
}

#[test]
fn models_that_list_different_atoms_are_compared_one_by_one() {
    let directory = tempfile::tempdir().unwrap();
    let atoms: Vec<&str> = HELIX.lines().filter(|line| line.starts_with("ATOM")).collect();
    let file = |name: &str, models: &[&[&str]]| {
        let models = models
            .iter()
            .map(|atoms| format!("MODEL\n{}\nENDMDL\n", atoms.join("\n")));
        let path = directory.path().join(name);
        std::fs::write(&path, models.collect::<String>()).unwrap();
        path
    };
    let first = file("first.pdb", &[&atoms, &atoms[..7]]);
    let output = compare(&first, &first, &[]);
    let words = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{words}{}", text(&output.stderr));
    assert!(words.contains("its 2 models list different atoms"), "{words}");
    let moved = atoms[6].replace("   4.000", "   9.000");
    let second = file("second.pdb", &[&atoms, &[&atoms[..6], &[moved.as_str()]].concat()]);
    assert_eq!(compare(&first, &second, &[]).status.code(), Some(1));
    let shorter = file("shorter.pdb", &[&atoms]);
    assert_eq!(compare(&first, &shorter, &[]).status.code(), Some(1));
}

#[test]
fn chains_of_two_characters_are_two_chains() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, chains: [&str; 2]| {
        let path = directory.path().join(name);
        let copies = chains.map(|chain| HELIX.replace(" A   ", &format!("{chain}   ")).replace("END\n", ""));
        std::fs::write(&path, copies.concat()).unwrap();
        path
    };
    let (one, other) = (file("one.pdb", ["AA", "BA"]), file("other.pdb", ["BA", "AA"]));
    let output = compare(&one, &other, &[]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    assert_eq!(compare(&one, &one, &[]).status.code(), Some(0));
}

#[test]
fn arrays_of_more_than_64_mib_are_compared() {
    let directory = tempfile::tempdir().unwrap();
    let mut data: Vec<u8> = 0.5f32.to_le_bytes().repeat(17 << 20);
    let header = format!(
        "{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, 1024), }}",
        17 << 10
    );
    let first = raw(directory.path(), "first.npy", &header, &data);
    data[(16 << 20) * 4..][..4].copy_from_slice(&0.75f32.to_le_bytes());
    let second = raw(directory.path(), "second.npy", &header, &data);
    assert_eq!(compare(&first, &first, &[]).status.code(), Some(0));
    let output = compare(&first, &second, &[]);
    let words = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(words.contains("[16384, 0]: 0.5 against 0.75"), "{words}");
    // What ends early is an error and no crash.
    std::fs::File::options()
        .write(true)
        .open(&second)
        .unwrap()
        .set_len(1 << 20)
        .unwrap();
    assert_eq!(compare(&first, &second, &[]).status.code(), Some(2));
}
