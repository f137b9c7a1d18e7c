//! Identities of a model: what is read, and how mistakes are shown.

use super::super::*;

/// A file with one model and these identities.
fn file(identities: &str) -> Arc<Source> {
    let text = format!(
        "default = 'r'\nbackends.r.kind = 'reference'\n\n[models.toy]\nname = 'Toy'\nmethod = 'fold'\n\
         core = 'a.Core'\nwrapper = 'a.B'\noutput = 'a.C'\nimage = 'i'\nlist = 'batch'\nidentities = [\n{identities}\n]\n\n\
         [models.toy.fields]\natom_array = {{ kind = 'structures' }}\n\
         pae = {{ kind = 'array', shape = ['B', 'L', 'L'], dtype = 'float32' }}\n\
         probs = {{ kind = 'array', shape = ['B', 'L', 'L', 64], dtype = 'float32' }}\n\
         plddt = {{ kind = 'arrays', shape = ['N'], dtype = 'float32' }}\n\
         head = {{ kind = 'array', shape = [8, 'B', 'L', 37, 50], dtype = 'float32' }}\n\
         frames = {{ kind = 'array', shape = [8, 'B', 'L', 7], dtype = 'float32' }}\n\
         absent = {{ kind = 'array', presence = 'never' }}\n"
    );
    Source::new("backends.toml", &text)
}

fn mistakes(identities: &str) -> String {
    Config::parse(&file(identities)).unwrap_err().to_string()
}

#[test]
fn identities_are_read_in_order() {
    let config = Config::parse(&file(
        "{ field = 'plddt', is = 'softmax_expectation', of = 'head[-1, :, :, 1]', first = 0.01, step = 0.02, tolerance = 1e-3 },\n\
         { field = 'pae', is = 'expectation', of = 'probs', first = 0.25, step = 0.5, tolerance = 1e-3 },\n\
         { field = 'frames[-1, ..., 4:7]', is = 'alpha_carbons', of = 'atom_array', tolerance = 0.01 },\n\
         { field = 'frames[..., :4]', is = 'unit', tolerance = 0 },",
    ))
    .unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
    let words: Vec<String> = config.models[0].identities.iter().map(ToString::to_string).collect();
    assert_eq!(
        words,
        [
            "`plddt` is not the expectation of the softmax of `head[-1, :, :, 1]`",
            "`pae` is not the expectation of `probs`",
            "`frames[-1, ..., 4:7]` is not where the alpha carbons of `atom_array` are",
            "`frames[..., 0:4]` is not of length 1",
        ]
    );
}

#[test]
fn mistakes_are_shown_where_they_are() {
    insta::assert_snapshot!(mistakes("{ field = 'pea', is = 'sotfmax', off = 'probs' },"), @r#"
    error: missing key `tolerance`
      --> backends.toml:13:1
       |
    13 | { field = 'pea', is = 'sotfmax', off = 'probs' },
       | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ in this table

    error: unknown field `pea`
      --> backends.toml:13:11
       |
    13 | { field = 'pea', is = 'sotfmax', off = 'probs' },
       |           ^^^^^ did you mean `pae`?

    error: unknown relation `sotfmax`
      --> backends.toml:13:23
       |
    13 | { field = 'pea', is = 'sotfmax', off = 'probs' },
       |                       ^^^^^^^^^ did you mean `softmax`?
    "#);
    insta::assert_snapshot!(mistakes("{ field = 'pae', is = 'expectation', off = 'probs', first = 0.25, tolerance = -1 },"), @r#"
    error: missing key `step`
      --> backends.toml:13:1
       |
    13 | { field = 'pae', is = 'expectation', off = 'probs', first = 0.25, tolerance = -1 },
       | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ in this table

    error: unknown key `off`
      --> backends.toml:13:38
       |
    13 | { field = 'pae', is = 'expectation', off = 'probs', first = 0.25, tolerance = -1 },
       |                                      ^^^ did you mean `of`?

    error: `tolerance` is -1
      --> backends.toml:13:79
       |
    13 | { field = 'pae', is = 'expectation', off = 'probs', first = 0.25, tolerance = -1 },
       |                                                                               ^^ expected a number of at least 0
    "#);
    insta::assert_snapshot!(mistakes("{ field = 'pae', is = 'unit', of = 'probs', tolerance = 0 },\n{ field = 'pae[', is = 'unit', tolerance = 0 },"), @r#"
    error: unknown key `of`
      --> backends.toml:13:31
       |
    13 | { field = 'pae', is = 'unit', of = 'probs', tolerance = 0 },
       |                               ^^
       |
       = help: known: `field`, `is`, `tolerance`

    error: `pae[` is not a field or a part of one
      --> backends.toml:14:11
       |
    14 | { field = 'pae[', is = 'unit', tolerance = 0 },
       |           ^^^^^^ expected one such as `pae` or `frames[-1, ..., 4:7]`
    "#);
}

#[test]
fn parts_must_lie_within_their_fields() {
    insta::assert_snapshot!(mistakes("{ field = 'frames[8]', is = 'unit', tolerance = 0 },"), @r#"
    error: `8` is past the end of the dimension 8
      --> backends.toml:13:11
       |
    13 | { field = 'frames[8]', is = 'unit', tolerance = 0 },
       |           ^^^^^^^^^^^ the shape of `frames` is [8, B, L, 7]
    "#);
    insta::assert_snapshot!(mistakes("{ field = 'frames[:, 0]', is = 'unit', tolerance = 0 },"), @r#"
    error: `0` picks from the dimension B
      --> backends.toml:13:11
       |
    13 | { field = 'frames[:, 0]', is = 'unit', tolerance = 0 },
       |           ^^^^^^^^^^^^^^ the shape of `frames` is [8, B, L, 7]
    "#);
    insta::assert_snapshot!(mistakes("{ field = 'pae[0, 0, 0, 0]', is = 'unit', tolerance = 0 },"), @r#"
    error: `pae[0, 0, 0, 0]` has too many dimensions
      --> backends.toml:13:11
       |
    13 | { field = 'pae[0, 0, 0, 0]', is = 'unit', tolerance = 0 },
       |           ^^^^^^^^^^^^^^^^^ the shape of `pae` is [B, L, L]
    "#);
    insta::assert_snapshot!(mistakes("{ field = 'absent', is = 'unit', tolerance = 0 },"), @r#"
    error: `absent` never has a value
      --> backends.toml:13:11
       |
    13 | { field = 'absent', is = 'unit', tolerance = 0 },
       |           ^^^^^^^^ expected another field
    "#);
}

#[test]
fn shapes_must_allow_the_relation() {
    insta::assert_snapshot!(mistakes("{ field = 'plddt', is = 'expectation', of = 'probs', first = 0, step = 1, tolerance = 0 },"), @r#"
    error: of a sample this is [N] and `of` is [N, N, 64]
      --> backends.toml:13:11
       |
    13 | { field = 'plddt', is = 'expectation', of = 'probs', first = 0, step = 1, tolerance = 0 },
       |           ^^^^^^^ expected one dimension more in `of`, the bins
    "#);
    insta::assert_snapshot!(mistakes("{ field = 'frames', is = 'alpha_carbons', of = 'atom_array', tolerance = 0 },"), @r#"
    error: of a sample this is [8, N, 7]
      --> backends.toml:13:11
       |
    13 | { field = 'frames', is = 'alpha_carbons', of = 'atom_array', tolerance = 0 },
       |           ^^^^^^^^ expected a position for every residue
    "#);
    insta::assert_snapshot!(mistakes("{ field = 'frames[-1, ..., 4:]', is = 'alpha_carbons', of = 'pae', tolerance = 0 },\n{ field = 'frames[-1, ..., 4:7]', is = 'alpha_carbons', of = 'pae', tolerance = 0 },"), @r#"
    error: `frames[-1, ..., 4:]` is not a field or a part of one
      --> backends.toml:13:11
       |
    13 | { field = 'frames[-1, ..., 4:]', is = 'alpha_carbons', of = 'pae', tolerance = 0 },
       |           ^^^^^^^^^^^^^^^^^^^^^ expected one such as `pae` or `frames[-1, ..., 4:7]`

    error: `pae` is no structure
      --> backends.toml:14:62
       |
    14 | { field = 'frames[-1, ..., 4:7]', is = 'alpha_carbons', of = 'pae', tolerance = 0 },
       |                                                              ^^^^^ expected structures
    "#);
    insta::assert_snapshot!(mistakes("{ field = 'atom_array', is = 'same', of = 'pae', tolerance = 0 },"), @r#"
    error: `atom_array` is no array
      --> backends.toml:13:11
       |
    13 | { field = 'atom_array', is = 'same', of = 'pae', tolerance = 0 },
       |           ^^^^^^^^^^^^ expected an array
    "#);
}
