//! What we know of certificate authorities apart from any one certificate: whether one can be asked now ([`breaker`]), how
//! often it may be asked ([`pacing`]), and which of several is asked ([`choice`]).
//!
//! Everything is decided here and remembered elsewhere: breakers in the process, budgets in the store.

pub mod breaker;
pub mod choice;
pub mod pacing;

pub use breaker::Breaker;
pub use choice::{Candidate, Choice, Preference};
pub use pacing::{Budget, BudgetKind, Charge, Limit, Limits, Spend, Tried};
