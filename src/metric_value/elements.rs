//! The difference of two arrays as one measure. The elements were compared before; this says which of them tells most.

use super::{Direction, MetricValue, MetricVerdict, Noise};
use crate::metric::{Difference, Extreme};
use crate::prediction::contract::Tolerance;

/// The key of the greatest absolute difference of two elements.
pub(crate) const ABSOLUTE: &str = "absolute";

/// The element that comes tightest margins, which is `absolute + relative · |expected|` there. `found` must be bounded as
/// [`bound`](super::bound) says.
pub(crate) fn of_elements(found: &Difference, tolerance: Tolerance, floor: Option<Noise>) -> MetricValue {
    let limit = |extreme: &Extreme| {
        let slack = tolerance.relative * extreme.expected.abs();
        tolerance.absolute + if slack.is_finite() { slack } else { 0.0 }
    };
    let measure = |observed: f64, allowed: f64| MetricValue {
        key: ABSOLUTE,
        name: "greatest difference",
        unit: "",
        better: Direction::Lower,
        observed,
        floor,
        allowed,
    };
    let Some(greatest) = &found.absolute else {
        return measure(0.0, tolerance.absolute);
    };
    let widest = measure(greatest.difference, limit(greatest));
    if floor.is_some_and(|floor| greatest.difference <= floor.worst) {
        return widest;
    }
    // A small element with a small difference may still be the one that is furthest off.
    let relative = found.relative.as_ref().map(|extreme| {
        let difference = (extreme.actual - extreme.expected).abs();
        measure(difference, limit(extreme))
    });
    let above_floor = |other: &MetricValue| other.observed > floor.map_or(0.0, |floor| floor.worst);
    let worst = match relative.filter(above_floor) {
        Some(other) if other.used() > widest.used() => other,
        _ => widest,
    };
    if !found.is_within() && worst.verdict() != MetricVerdict::Different {
        // Neither extreme is beyond its limit but another element is.
        return measure(found.needed, tolerance.absolute);
    }
    worst
}

#[cfg(test)]
mod tests {
    use super::super::bound;
    use super::*;
    use crate::metric::difference;
    use crate::tensor::Tensor;

    fn measured(expected: &[f64], actual: &[f64], tolerance: (f64, f64), floor: Option<f64>) -> MetricValue {
        let (expected, actual) = (Tensor::vector(expected), Tensor::vector(actual));
        let (absolute, relative) = tolerance;
        let tolerance = Tolerance { absolute, relative };
        let floor = floor.map(|worst| Noise { worst, slack: 1.5 });
        let found = difference(&expected, &actual, bound(tolerance, floor).absolute, relative).unwrap();
        let measure = of_elements(&found, tolerance, floor);
        assert_eq!(found.is_within(), measure.verdict() != MetricVerdict::Different, "{measure}");
        measure
    }

    #[test]
    fn the_element_nearest_its_limit_tells() {
        let equal = measured(&[1.0, 2.0], &[1.0, 2.0], (0.1, 0.0), None);
        assert_eq!(equal.verdict(), MetricVerdict::Indistinguishable);
        let plain = measured(&[1.0, 2.0], &[1.0, 2.05], (0.1, 0.0), None);
        assert!((plain.observed - 0.05).abs() < 1e-12 && plain.verdict() == MetricVerdict::WithinTolerance);
        // 0.09 of 100 is little, 0.05 of 0.1 is half of what is allowed.
        let small = measured(&[100.0, 0.1], &[100.09, 0.15], (0.1, 0.1), None);
        assert!((small.allowed - 0.11).abs() < 1e-12, "{small}");
        let beyond = measured(&[100.0, 0.1, 1.0], &[100.09, 0.3, 1.0], (0.1, 0.1), None);
        assert_eq!(beyond.verdict(), MetricVerdict::Different);
    }

    #[test]
    fn the_verdict_is_that_of_the_elements() {
        // Neither the greatest absolute nor the greatest relative difference is beyond its limit, the middle one is.
        let hidden = measured(&[1000.0, 1.0, 1e-6], &[1010.0, 1.5, 2e-5], (0.1, 0.02), None);
        assert_eq!(hidden.verdict(), MetricVerdict::Different, "{hidden}");
        let noise = measured(&[1.0, 2.0], &[1.2, 2.1], (0.01, 0.0), Some(0.3));
        assert_eq!(noise.verdict(), MetricVerdict::Indistinguishable);
        let nan = measured(&[1.0], &[f64::NAN], (0.01, 0.5), Some(0.3));
        assert_eq!(nan.verdict(), MetricVerdict::Different);
    }
}
