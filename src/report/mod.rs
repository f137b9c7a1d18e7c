//! Reports: one file per format. A report sees what is known already and makes text; who calls it
//! decides where that goes.

pub mod compare;
pub mod console;
pub mod doctor;
