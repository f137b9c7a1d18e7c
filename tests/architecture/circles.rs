//! No two files import from each other, directly or through others: each can be read before the ones that use it. Follows names
//! through re-exports to the file that declares them. Reads text. Does not follow paths outside of `use` statements.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{File, files};

/// The files of the crate and what they re-export, by module path such as `check::physical`; the root is the empty path.
struct Modules {
    /// The file of each module.
    files: BTreeMap<String, usize>,
    /// The re-exports: module and name there, with the original path.
    exports: HashMap<(String, String), String>,
}

/// The module that a file is.
fn module(path: &str) -> String {
    let parts = path.trim_end_matches(".rs").trim_end_matches("/mod").trim_end_matches("lib");
    parts.replace('/', "::")
}

/// The parent of a module; that of the root is the root.
fn parent(module: &str) -> String {
    module.rsplit_once("::").map_or(String::new(), |(parent, _)| parent.to_owned())
}

fn joined(module: &str, name: &str) -> String {
    if module.is_empty() { name.to_owned() } else { format!("{module}::{name}") }
}

/// Every path that a tree of imports such as `a::{b, c::{self, d as e}}` names, with the name by which it is known here.
fn flattened(tree: &str, before: &str, found: &mut Vec<(String, String)>) {
    let tree = tree.trim();
    let Some(open) = tree.find('{') else {
        let (path, name) = tree.split_once(" as ").unwrap_or((tree, tree.rsplit("::").next().unwrap()));
        let path = format!("{before}{path}");
        match path.strip_suffix("::self") {
            Some(path) => found.push((path.to_owned(), path.rsplit("::").next().unwrap().to_owned())),
            None => found.push((path, name.trim().to_owned())),
        }
        return;
    };
    let before = format!("{before}{}", &tree[..open]);
    let inner = &tree[open + 1..tree.rfind('}').unwrap()];
    let (mut depth, mut from) = (0, 0);
    for (at, letter) in inner.char_indices().chain([(inner.len(), ',')]) {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                if !inner[from..at].trim().is_empty() {
                    flattened(&inner[from..at], &before, found);
                }
                from = at + 1;
            }
            _ => {}
        }
    }
}

/// The imports of a file, as absolute paths with the name by which each is known, and whether the file re-exports it.
fn imports(file: &File) -> Vec<(String, String, bool)> {
    let home = module(&file.path);
    let mut found = Vec::new();
    let mut lines = file.code().map(|(_, line)| line);
    while let Some(line) = lines.next() {
        let Some((visibility, tree)) = line.split_once("use ") else { continue };
        let is_reexported = ["pub ", "pub(crate) ", "pub(super) "].contains(&visibility);
        if !visibility.is_empty() && !is_reexported {
            continue;
        }
        let mut statement = tree.to_owned();
        while !statement.contains(';') {
            statement += lines.next().unwrap().trim();
        }
        let mut paths = Vec::new();
        flattened(statement.trim_end_matches(';'), "", &mut paths);
        found.extend(paths.into_iter().map(|(path, name)| (absolute(&path, &home), name, is_reexported)));
    }
    found
}

/// A path from the root of the crate. A path of another crate becomes one below the file's own module, which `declares` resolves to the
/// file itself.
fn absolute(path: &str, home: &str) -> String {
    if let Some(rest) = path.strip_prefix("crate::") {
        return rest.to_owned();
    }
    let (mut module, mut rest) = (home.to_owned(), path);
    while let Some(after) = rest.strip_prefix("super::") {
        (module, rest) = (parent(&module), after);
    }
    joined(&module, rest.trim_start_matches("self::"))
}

impl Modules {
    /// The file that declares the item of a path. Returns `None` for a path outside of this crate.
    fn declares(&self, path: &str, depth: usize) -> Option<usize> {
        assert!(depth < 20, "{path} is exported in a circle");
        let mut module = String::new();
        for name in path.split("::") {
            let deeper = joined(&module, name);
            if self.files.contains_key(&deeper) {
                module = deeper;
            } else if let Some(target) = self.exports.get(&(module.clone(), name.to_owned())) {
                return self.declares(target, depth + 1);
            } else {
                break;
            }
        }
        (!module.is_empty()).then(|| self.files[&module])
    }
}

#[test]
fn no_files_import_from_each_other_in_a_circle() {
    let files = files();
    let mut modules = Modules { files: BTreeMap::new(), exports: HashMap::new() };
    modules.files.extend(files.iter().enumerate().map(|(index, file)| (module(&file.path), index)));
    let imports: Vec<_> = files.iter().map(imports).collect();
    for (file, imports) in files.iter().zip(&imports) {
        let reexported = imports.iter().filter(|(.., is_reexported)| *is_reexported);
        modules.exports.extend(reexported.map(|(path, name, _)| ((module(&file.path), name.clone()), path.clone())));
    }
    let mut next: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); files.len()];
    for (index, imports) in imports.iter().enumerate() {
        let targets = imports.iter().filter(|(.., is_reexported)| !is_reexported);
        next[index]
            .extend(targets.filter_map(|(path, ..)| modules.declares(path, 0)).filter(|&target| target != index));
    }
    assert!(next.iter().map(BTreeSet::len).sum::<usize>() > 1000, "imports are not found");
    let reached = |from: usize| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(index) = open.pop() {
            open.extend(next[index].iter().filter(|&&target| seen.insert(target)));
        }
        seen
    };
    let reached: Vec<BTreeSet<usize>> = (0..files.len()).map(reached).collect();
    let arrows = |&index: &usize| {
        let back = next[index].iter().filter(|&&target| reached[target].contains(&index));
        let targets: Vec<&str> = back.map(|&target| &*files[target].path).collect();
        format!("{} imports from {}", files[index].path, targets.join(", "))
    };
    let circles: Vec<String> =
        (0..files.len()).filter(|index| reached[*index].contains(index)).map(|index| arrows(&index)).collect();
    assert!(circles.is_empty(), "files that import from each other:\n{}", circles.join("\n"));
}
