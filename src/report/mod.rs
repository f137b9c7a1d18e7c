//! Reports: one file per format. A report sees outcomes only and makes text; who calls it decides where that goes.

pub mod compare;
pub mod console;
pub mod doctor;
