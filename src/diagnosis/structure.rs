//! The likely cause of a difference between two structures: mistakes of geometry first, then of order, then of confidence.

use super::array::{FACTORS, of_arrays};
use super::numbers::{FORMATS, distance};
use super::points::{FEWEST, Points, radius_of_gyration};
use super::{
    Candidate, Cause, MistakeKind, StructureFrame, assembly, best, copied, hinge, length, models, reorder, share,
};
use crate::metric::selection::{Part, positions, shared_atoms};
use crate::metric::{Point, rmsd, superpose};
use crate::protein::Structure;
use crate::tensor::Tensor;

/// Files write three decimals: coordinates this close, in ångström, are the same.
const DIGITS: f64 = 1e-3;
/// The error of three decimals, in ångström.
const WRITTEN: f64 = 5.1e-4;
/// Fewer atoms may have short coordinates by chance.
const FEWEST_SHORT: usize = 20;

/// Names the mistake that turns `expected` into `actual`. Returns `None` if they agree or no single mistake does.
///
/// Of structures with several models the one that lies farthest from the expected one counts. Temperature factors are compared if
/// the atoms are in the right places.
#[must_use]
pub fn of_structures(
    expected: &Structure,
    actual: &Structure,
    frame: StructureFrame,
    candidates: &[Candidate<'_>],
) -> Option<Cause> {
    if expected.uneven_column().or(actual.uneven_column()).is_some() || expected.model_count() != actual.model_count() {
        return None;
    }
    let broken = actual.coord.iter().flatten().filter(|value| !value.is_finite()).count();
    if broken > 0 {
        let what = format!("{broken} of {} coordinates are not finite", 3 * actual.coord.len());
        return Some(Cause::new(MistakeKind::NotFinite, what, 1.0));
    }
    if expected.model_count() > 1 {
        let worst = models::farthest(expected, actual);
        return models::of_models(expected, actual)
            .or_else(|| of_structures(&*expected.model(worst)?, &*actual.model(worst)?, frame, candidates));
    }
    if let Some(cause) = reorder::of_duplicates(expected, actual) {
        return Some(cause);
    }
    // If all residues are there, in any order, there are not too many or too few.
    if reorder::residues(expected) != reorder::residues(actual) {
        let sequence =
            |structure: &Structure| -> String { structure.sequences().into_iter().map(|chain| chain.1).collect() };
        let (wanted, got) = (sequence(expected), sequence(actual));
        let cause = (wanted != got).then(|| {
            another(actual, candidates).or_else(|| length::of_sequences(&wanted, &got, expected.chains().len()))
        });
        if let Some(cause) = cause.flatten() {
            return Some(cause);
        }
    }
    if let [first, rest @ ..] = actual.coord.as_slice()
        && rest.len() + 1 >= FEWEST
        && rest.iter().all(|position| same(position, first))
        && expected.coord.iter().any(|position| !same(position, &expected.coord[0]))
    {
        // Adding zero takes the sign of a negative one.
        let place = first.map(|axis| axis + 0.0);
        return Some(Cause::new(MistakeKind::Constant, format!("every atom is at {place:?}"), 1.0));
    }
    if let Some(cause) = reorder::of_names(expected, actual) {
        return Some(cause);
    }
    let shared = shared_atoms(expected, actual);
    let (before, after): (Vec<usize>, Vec<usize>) = shared.into_iter().unzip();
    let mut points = Points::new(positions(expected, &before), positions(actual, &after))?;
    points.runs = runs(expected, &before);
    let plain = rmsd(&points.expected, &points.actual).ok()?;
    let agrees = match frame {
        StructureFrame::Fixed => plain <= DIGITS,
        StructureFrame::Free => points.superposed <= DIGITS,
    };
    if agrees && !points.is_rounded(plain) {
        return factors(expected, actual);
    }
    let whole = is_whole(&before, expected) && is_whole(&after, actual);
    best([
        &|| points.in_place(plain),
        &|| points.moved(plain, frame, DIGITS),
        &|| points.of_shape(),
        &|| points.candidate(expected, &before, candidates),
        &|| points.rolled(),
        &|| residue_shift(expected, actual),
        &|| hinge::of_break(expected, actual, points.superposed, points.size),
        &|| reorder::of_chains(expected, actual),
        &|| copied::of_chains(expected, actual, &points).filter(|_| whole),
        &|| copied::of_candidates(expected, actual, &points, candidates).filter(|_| whole),
        &|| assembly::of_chains(expected, actual, false),
        &|| reorder::of_atoms(expected, actual),
        &|| hinge::of_hinge(expected, actual, points.size),
        &|| points.moved(plain, frame, f64::INFINITY),
    ])
    .or_else(|| points.short())
}

/// The run of residues of each atom, numbered without a gap in one chain. Residues between two runs may be left out.
fn runs(structure: &Structure, atoms: &[usize]) -> Vec<usize> {
    let is_next = |one: usize, other: usize| {
        let step = i64::from(structure.res_id[other]) - i64::from(structure.res_id[one]);
        structure.chain_id[one] == structure.chain_id[other] && (0..=1).contains(&step)
    };
    let mut run = 0;
    let mut last = None;
    let mut runs = Vec::with_capacity(atoms.len());
    for &atom in atoms {
        run += usize::from(last.is_some_and(|last| !is_next(last, atom)));
        runs.push(run);
        last = Some(atom);
    }
    runs
}

/// Whether all atoms were picked, in their order.
fn is_whole(atoms: &[usize], structure: &Structure) -> bool {
    atoms.len() == structure.atoms() && atoms.windows(2).all(|pair| pair[0] < pair[1])
}

impl Points {
    fn rounded(&self) -> Option<(&'static str, f64)> {
        let (expected, actual) = (flat(&self.expected), flat(&self.actual));
        let difference = distance(&expected, &actual);
        FORMATS.into_iter().find_map(|(name, round)| {
            let rounded: Vec<f64> = expected.iter().map(|value| round(*value)).collect();
            Some((name, share(distance(&rounded, &actual), difference, self.size)?))
        })
    }

    /// Coordinates with no more digits than a format has, while the expected ones have more. The rounding is certain even with noise
    /// beside it.
    fn short(&self) -> Option<Cause> {
        let fits = |points: &[Point], round: fn(f64) -> f64| {
            points.as_flattened().iter().all(|axis| (round((*axis).into()) - f64::from(*axis)).abs() <= WRITTEN)
        };
        if self.expected.len() < FEWEST_SHORT {
            return None;
        }
        FORMATS.into_iter().filter(|(name, _)| !name.starts_with("TF32")).find_map(|(name, round)| {
            if !fits(&self.actual, round) || fits(&self.expected, round) {
                return None;
            }
            let expected = flat(&self.expected);
            let rounded: Vec<f64> = expected.iter().map(|value| round(*value)).collect();
            // Each point has three rounded coordinates.
            let rounding = 3.0 * distance(&expected, &rounded).powi(2);
            let left = (1.0 - rounding / self.superposed.powi(2)).max(0.0).sqrt();
            let what = format!("all coordinates are {name} numbers");
            Some(Cause::new(MistakeKind::LowerPrecision, what, 1.0 - left))
        })
    }

    fn is_rounded(&self, plain: f64) -> bool {
        plain > 0.1 * DIGITS && self.rounded().is_some()
    }

    /// Mistakes that leave the frame as it is.
    fn in_place(&self, plain: f64) -> Option<Cause> {
        if let Some((name, share)) = self.rounded() {
            let what = format!("expected coordinates rounded to {name}");
            return Some(Cause::new(MistakeKind::LowerPrecision, what, share));
        }
        for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let swapped = self.with(|point| order.map(|axis| point[axis]));
            if let Some(share) = share(rmsd(&swapped, &self.actual).ok()?, plain, self.size) {
                let names = order.map(|axis| ["x", "y", "z"][axis]).join(", ");
                return Some(Cause::new(MistakeKind::AxesSwapped, format!("axes in the order {names}"), share));
            }
        }
        None
    }

    fn with(&self, change: impl Fn(Point) -> Point) -> Vec<Point> {
        self.expected.iter().copied().map(change).collect()
    }

    /// A rigid motion, if at most `most` is left after it.
    fn moved(&self, plain: f64, frame: StructureFrame, most: f64) -> Option<Cause> {
        if frame == StructureFrame::Free || self.superposed > most {
            return None;
        }
        let share = share(self.superposed, plain, f64::INFINITY)?;
        let what = "moved or turned as a whole, otherwise the same";
        Some(Cause::new(MistakeKind::RigidMotion, what, share))
    }

    /// The other hand or another unit, after superposition.
    fn of_shape(&self) -> Option<Cause> {
        let mirrored = self.with(|[x, y, z]| [x, y, -z]);
        if let Some(share) = self.share(superpose(&self.actual, &mirrored).ok()?.rmsd) {
            return Some(Cause::new(MistakeKind::Mirror, "mirror image", share));
        }
        FACTORS.into_iter().find_map(|(factor, name)| {
            let unscaled: Vec<Point> =
                self.actual.iter().map(|point| point.map(|value| (f64::from(value) / factor) as f32)).collect();
            let share = self.share(superpose(&unscaled, &self.expected).ok()?.rmsd)?;
            let unit = match name {
                "÷ 10" => ", as in nanometres",
                _ => "",
            };
            Some(Cause::new(MistakeKind::Scale, format!("coordinates {name}{unit}"), share))
        })
    }

    fn candidate(&self, expected: &Structure, atoms: &[usize], candidates: &[Candidate<'_>]) -> Option<Cause> {
        candidates.iter().find_map(|candidate| {
            let other = candidate.value.as_structure()?;
            if other.uneven_column().is_some() || other.atom_name != expected.atom_name {
                return None;
            }
            let points = positions(other, atoms);
            let residual = superpose(&points, &self.actual).ok()?.rmsd;
            Some(candidate.cause(self.share(residual)?))
        })
    }

    /// Every atom at the place of its neighbour in the list.
    fn rolled(&self) -> Option<Cause> {
        let is_whole = |place: &usize| self.runs.get(*place) == self.runs.get(place + 1);
        let places: Vec<usize> = (0..self.expected.len() - 1).filter(is_whole).collect();
        if places.len() < FEWEST.max(self.expected.len() / 2) {
            return None;
        }
        let pick = |points: &[Point], further: usize| -> Vec<Point> {
            places.iter().filter_map(|&place| points.get(place + further).copied()).collect()
        };
        [("late", 0, 1), ("early", 1, 0)].into_iter().find_map(|(words, from, to)| {
            let (expected, actual) = (pick(&self.expected, from), pick(&self.actual, to));
            let share = self.share(superpose(&actual, &expected).ok()?.rmsd)?;
            Some(Cause::new(MistakeKind::Shifted, format!("every atom one place {words} in the list"), share))
        })
    }
}

/// Another result that equals the actual one, which does not have the expected residues.
fn another(actual: &Structure, candidates: &[Candidate<'_>]) -> Option<Cause> {
    let atoms = actual.coord.get(..actual.atoms())?;
    candidates.iter().find_map(|candidate| {
        let other = candidate.value.as_structure()?;
        let same = other.uneven_column().is_none()
            && other.atom_name == actual.atom_name
            && other.res_name == actual.res_name
            && atoms.len() >= FEWEST;
        let points = other.coord.get(..atoms.len()).filter(|_| same)?;
        let residual = superpose(points, atoms).ok()?.rmsd;
        Some(candidate.cause(share(residual, f64::INFINITY, radius_of_gyration(points))?))
    })
}

/// Every residue at the place of its neighbour, by alpha carbons, which all residues have.
fn residue_shift(expected: &Structure, actual: &Structure) -> Option<Cause> {
    let alphas = |structure: &Structure| positions(structure, &Part::AlphaCarbons.of(structure));
    let mut points =
        Points::new(alphas(expected), alphas(actual)).filter(|points| points.expected.len() > 2 * FEWEST)?;
    points.runs = runs(expected, &Part::AlphaCarbons.of(expected));
    let Cause { kind, what, share, .. } = points.rolled()?;
    Some(Cause::new(kind, what.replace("atom", "residue").replace("list", "chain"), share))
}

/// Temperature factors, once for each residue that has an alpha carbon.
pub(super) fn factors(expected: &Structure, actual: &Structure) -> Option<Cause> {
    let column = |structure: &Structure| -> Option<Vec<f64>> {
        let column = structure.b_factor.as_ref()?;
        let alphas = Part::AlphaCarbons.of(structure);
        if alphas.len() < FEWEST {
            return Some(column.clone());
        }
        alphas.iter().map(|&atom| column.get(atom).copied()).collect()
    };
    let (before, after) = (column(expected)?, column(actual)?);
    // Atoms in another order bring their factors with them.
    if before.len() != after.len() {
        return None;
    }
    let cause = of_arrays(&Tensor::vector(&before), &Tensor::vector(&after), &[])?;
    let what = format!("temperature factors: {}", cause.what);
    Some(Cause { what, ..cause })
}

fn flat(points: &[Point]) -> Vec<f64> {
    points.as_flattened().iter().copied().map(f64::from).collect()
}

/// Zero is zero whatever its sign, as files write it.
fn same(first: &Point, second: &Point) -> bool {
    first.iter().zip(second).all(|(one, other)| (one - other).abs() == 0.0)
}
