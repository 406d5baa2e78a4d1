//! Somebody who sees each statement before it runs: tests, which hold against it how the databases will carry it out.

use std::{fmt, sync::Arc};

/// What a placeholder is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    /// Bytes.
    Bytes,
    /// An integer.
    Int,
    /// A text.
    Text,
}

type See = dyn Fn(&str, &[ParameterKind]) + Send + Sync;

/// Sees the text of each statement with the kinds of its parameters, in order. It must not take long.
#[derive(Clone)]
pub struct Observer(Arc<See>);

impl Observer {
    /// Calls `see`.
    pub fn new(see: impl Fn(&str, &[ParameterKind]) + Send + Sync + 'static) -> Self {
        Self(Arc::new(see))
    }

    pub(crate) fn see(&self, text: &str, parameters: &[ParameterKind]) {
        (self.0)(text, parameters);
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
