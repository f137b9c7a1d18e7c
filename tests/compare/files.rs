//! Files as written by other programs: element orders, encodings and types that differ while the numbers are equal, and
//! differences that a verdict alone would hide.

use std::io::Write as _;
use std::path::Path;

use hydrotest::tensor::Tensor;

use super::{HELIX, compare, npy, remarks, reported, text};

/// An npy file with the given header.
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
fn element_order_and_byte_order_make_no_difference() {
    let directory = tempfile::tempdir().unwrap();
    let values = [0.5f32, 1.0, 1.5, -2.0, 2.5, 3.0];
    let plain = directory.path().join("plain.npy");
    std::fs::write(&plain, npy(&Tensor::from_values(vec![2, 3], &values).unwrap())).unwrap();
    let columns: Vec<u8> = [0, 3, 1, 4, 2, 5].iter().flat_map(|&at| values[at].to_be_bytes()).collect();
    let header = "{'descr': '>f4', 'fortran_order': True, 'shape': (2, 3), }";
    let other = raw(directory.path(), "other.npy", header, &columns);
    let output = compare(&plain, &other, &[]);
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 3), }";
    let output = compare(&plain, &raw(directory.path(), "negative.npy", header, &[]), &[]);
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(reported(&output, directory.path()), @"
    error: DIR/negative.npy: has the negative dimension -1

    1 error in usage or configuration (exit code 2)
    ");
}

#[test]
fn another_element_type_is_a_difference_and_the_numbers_are_still_compared() {
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
        assert_eq!(section["differences"][0], "expected float32 array (4,), got float64 array (4,)");
        let metrics = section["metrics"].as_array().unwrap();
        let judged = metrics.iter().find_map(|row| row["judged"].get(0)).unwrap();
        assert_eq!(judged["verdict"], verdict, "{json}");
    }
}

#[test]
fn non_finite_values_are_reported_even_if_equal() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.npy");
    std::fs::write(&path, npy(&Tensor::vector(&[1.0f32, f32::NAN]))).unwrap();
    let output = compare(&path, &path, &[]);
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!(remarks(&reported(&output, directory.path())), @"
    first   DIR/a.npy
    second  DIR/a.npy
    judged by the gates of unknown models; --model chooses others

    array: indistinguishable
    elements that are not finite: 1 in the first, 1 in the second; NaN counts as equal to NaN

    indistinguishable: they are equal, or differ by no more than repeats do
    ");
}

#[test]
fn files_without_anything_in_common_cannot_be_compared() {
    let directory = tempfile::tempdir().unwrap();
    let [pdb, array, empty] = ["a.pdb", "a.npy", "a.npz"].map(|name| directory.path().join(name));
    std::fs::write(&pdb, HELIX).unwrap();
    std::fs::write(&array, npy(&Tensor::vector(&[1.0f32]))).unwrap();
    // The end of an empty zip file.
    std::fs::write(&empty, [&b"PK\x05\x06"[..], &[0; 18]].concat()).unwrap();
    let missing = directory.path().join("missing");
    let errors = [(&pdb, &array), (&empty, &empty), (&missing, &missing)].map(|(first, second)| {
        let output = compare(first, second, &[]);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
        reported(&output, directory.path())
    });
    insta::assert_snapshot!(errors.join("\n"), @"
    error: there is nothing to compare: the first holds atom_array, atom_array[0], the second a

    1 error in usage or configuration (exit code 2)

    error: DIR/a.npz: holds no array

    error: DIR/a.npz: holds no array

    2 errors in usage or configuration (exit code 2)

    error: DIR/missing: No such file or directory (os error 2)

    error: DIR/missing: No such file or directory (os error 2)

    2 errors in usage or configuration (exit code 2)
    ");
}

#[test]
fn every_text_encoding_is_read_and_a_bad_byte_is_reported_with_its_line() {
    let directory = tempfile::tempdir().unwrap();
    let plain = directory.path().join("plain.pdb");
    std::fs::write(&plain, HELIX).unwrap();
    let against = |bytes: &[u8]| {
        let path = directory.path().join("other.pdb");
        std::fs::write(&path, bytes).unwrap();
        let output = compare(&plain, &path, &[]);
        (output.status.code(), reported(&output, directory.path()))
    };
    let (code, printed) = against(&[b"\xef\xbb\xbf", HELIX.as_bytes()].concat());
    assert_eq!(code, Some(0), "{printed}");
    let (code, printed) = against(&[b"REMARK   1 AUTHOR Andr\xe9\n", HELIX.as_bytes()].concat());
    assert_eq!(code, Some(0), "{printed}");
    let mut broken = HELIX.as_bytes().to_vec();
    let place = HELIX.find("LEU").unwrap();
    broken[place] = 0xe9;
    let (code, printed) = against(&broken);
    assert_eq!(code, Some(2), "{printed}");
    insta::assert_snapshot!(printed, @"
    error: DIR/other.pdb:6: the byte 0xe9 in column 18 is not UTF-8 text

    1 error in usage or configuration (exit code 2)
    ");
}

#[test]
fn results_of_different_weights_are_not_compared() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/synthetic");
    let directory = tempfile::tempdir().unwrap();
    let from = root.join("esmfold/fold/nipah.snap");
    let recorded = std::fs::read_to_string(&from).unwrap();
    let hash = recorded.lines().find_map(|line| line.trim().strip_prefix("\"arrays\": \"")).unwrap();
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
    let plain = |output: &std::process::Output| {
        let repository = concat!(env!("CARGO_MANIFEST_DIR"), "/");
        reported(output, directory.path()).replace(repository, "")
    };
    insta::assert_snapshot!(plain(&output), @"
    error: DIR/published/esmfold/fold/nipah.snap: its arrays are not where they were recorded, three directories up in arrays/b1a1a7ecf1a42cbd5174087164e51c41.npz; a snapshot is read from WEIGHTS/MODEL/SUITE/CASE.snap beside WEIGHTS/arrays

    1 error in usage or configuration (exit code 2)
    ");
    std::fs::create_dir_all(&arrays).unwrap();
    let name = format!("{hash}.npz");
    std::fs::copy(root.join("arrays").join(&name), arrays.join(&name)).unwrap();
    let output = compare(&from, &other, &["--model", "esmfold"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
    insta::assert_snapshot!(plain(&output), @"
    error: the first is a result of the synthetic weights, the second of the published weights; results compare only within one set of weights

    1 error in usage or configuration (exit code 2)
    ");
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
        let printed = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{}: {printed}", other.display());
    }
    let cut = packed("cut.pdb.gz", HELIX);
    let bytes = std::fs::read(&cut).unwrap();
    std::fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    let errors = [cut, packed("a.npy.gz", ""), packed("a.gz", HELIX)].map(|name| {
        let output = compare(&path("a.pdb"), &name, &[]);
        assert_eq!(output.status.code(), Some(2), "{}", name.display());
        reported(&output, directory.path())
    });
    insta::assert_snapshot!(errors.join("\n"), @"
    error: DIR/cut.pdb.gz: cannot be unpacked: incomplete deflate stream

    1 error in usage or configuration (exit code 2)

    error: DIR/a.npy.gz: only structures and responses are read out of gzip; unpack it first

    1 error in usage or configuration (exit code 2)

    error: DIR/a.gz: cannot tell what this is by its name; expected .pdb, .ent, .cif, .mmcif, .pdbx, .npy, .npz, .snap, or .json for a recorded response; .gz behind those of text

    1 error in usage or configuration (exit code 2)
    ");
}

#[test]
fn a_file_with_missing_b_factors_equals_itself() {
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
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    insta::assert_snapshot!(remarks(&reported(&output, directory.path())), @"
    first   DIR/partial.cif (2 of 8 atoms have no B factor)
    second  DIR/partial.cif (2 of 8 atoms have no B factor)
    judged by the gates of unknown models; --model chooses others

    no pLDDT, mean absolute error: value 0 is not finite
    no pLDDT, correlation: value 0 is not finite
    a TM-score says nothing of 5 residues: below 30 unrelated chains score high too
    confident: pLDDT of at least 0.7, 4 residues of the first and 4 of the second

    indistinguishable: they are equal, or differ by no more than repeats do
    ");
    let whole = directory.path().join("whole.cif");
    std::fs::write(&whole, cif).unwrap();
    assert_eq!(compare(&path, &whole, &[]).status.code(), Some(1));
}

#[test]
fn models_that_list_different_atoms_are_compared_one_by_one() {
    let directory = tempfile::tempdir().unwrap();
    let atoms: Vec<&str> = HELIX.lines().filter(|line| line.starts_with("ATOM")).collect();
    let file = |name: &str, models: &[&[&str]]| {
        let models = models.iter().map(|atoms| format!("MODEL\n{}\nENDMDL\n", atoms.join("\n")));
        let path = directory.path().join(name);
        std::fs::write(&path, models.collect::<String>()).unwrap();
        path
    };
    let first = file("first.pdb", &[&atoms, &atoms[..7]]);
    let output = compare(&first, &first, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    insta::assert_snapshot!(remarks(&reported(&output, directory.path())), @"
    first   DIR/first.pdb (its 2 models list different atoms; each is compared by itself)
    second  DIR/first.pdb (its 2 models list different atoms; each is compared by itself)
    judged by the gates of unknown models; --model chooses others

    equal: atom_array[0], atom_array[1]

    indistinguishable: they are equal, or differ by no more than repeats do
    ");
    let moved = atoms[6].replace("   4.000", "   9.000");
    let second = file("second.pdb", &[&atoms, &[&atoms[..6], &[moved.as_str()]].concat()]);
    assert_eq!(compare(&first, &second, &[]).status.code(), Some(1));
    let shorter = file("shorter.pdb", &[&atoms]);
    assert_eq!(compare(&first, &shorter, &[]).status.code(), Some(1));
}

#[test]
fn chain_names_of_two_characters_are_distinguished() {
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
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, 1024), }}", 17 << 10);
    let first = raw(directory.path(), "first.npy", &header, &data);
    data[(16 << 20) * 4..][..4].copy_from_slice(&0.75f32.to_le_bytes());
    let second = raw(directory.path(), "second.npy", &header, &data);
    assert_eq!(compare(&first, &first, &[]).status.code(), Some(0));
    let output = compare(&first, &second, &[]);
    let printed = reported(&output, directory.path());
    assert_eq!(output.status.code(), Some(1), "{printed}");
    insta::assert_snapshot!(printed, @"
    first   DIR/first.npy
    second  DIR/second.npy
    judged by the gates of unknown models; --model chooses others

    array: different
    METRIC                                  ALL  ALLOWED          VERDICT    WHERE
    elements                           17825792
    elements that differ                      1
    greatest absolute difference     0.25000000                              [16384, 0]: 0.5 against 0.75
    greatest relative difference     0.50000000                              [16384, 0]: 0.5 against 0.75
    least cosine of rows             0.99987819
    mean cosine of rows              0.99999999
    least ratio of norms of rows              1
    greatest ratio of norms of rows  1.00061017
    nearest its limit                0.25000000  at most 0.00015  different
    every element may differ by 0.0001 + 0.0001 × |first|
    no cause was looked for: 17825792 elements, at most 4194304 are looked into
    different: 1 of 17825792 elements beyond tolerance
      greatest absolute difference 0.25 at [16384, 0]: expected 0.5, got 0.75
      greatest relative difference 0.5 there
      allowed 0.0001 + 0.0001 × |expected|; an absolute tolerance of 0.25 would pass

    different: 1 of 1 judged numbers are beyond what is allowed
    ");
    // A truncated file is an error, not a crash.
    std::fs::File::options().write(true).open(&second).unwrap().set_len(1 << 20).unwrap();
    assert_eq!(compare(&first, &second, &[]).status.code(), Some(2));
}
