//! The walks of `docs/design.md` name files and functions that exist, in fewer than 30 hops each. Reads text; does not follow calls.

use std::fs;
use std::path::Path;

use super::paths;

/// The texts between backticks of a cell.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// The source of a file or of a directory, by its path below `src`, with or without its extension.
fn source(place: &str) -> String {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(place);
    let place = if place.exists() { place } else { place.with_extension("rs") };
    let files = paths(&place).into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    files.map(|path| fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))).collect()
}

#[test]
fn every_hop_of_a_walk_exists() {
    let design = include_str!("../../docs/design.md");
    let walks: Vec<&str> = design.split("| hop | where |").skip(1).collect();
    assert_eq!(walks.len(), 2, "the walks are not found");
    for walk in walks {
        let rows = walk.lines().skip(2).take_while(|line| line.starts_with('|'));
        let cells: Vec<&str> = rows.map(|row| row.split('|').nth(2).unwrap()).collect();
        assert!((10..30).contains(&cells.len()), "{} hops", cells.len());
        for cell in cells {
            let is_place = |text: &&str| text.contains(['/', '.']) || *text == "outcome";
            let (places, functions): (Vec<&str>, Vec<&str>) = quoted(cell).partition(is_place);
            let text: String = places.iter().map(|place| source(place)).collect();
            assert!(!text.is_empty(), "no such file:{cell}");
            for function in functions {
                let name = function.rsplit("::").next().unwrap();
                assert!(text.contains(&format!("fn {name}")), "no such function:{cell}");
            }
        }
    }
}
