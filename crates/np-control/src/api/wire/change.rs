//! A field of a PATCH: left out, `null`, or a value. It ends here: the use cases get lists of edits.

/// What a body says about a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change<T> {
    /// Nothing: it stays.
    Absent,
    /// `null`: it goes back to its default.
    Reset,
    /// A value.
    To(T),
}

impl<T> Change<T> {
    /// The value where there is one; a create does not tell `null` from nothing.
    pub(crate) fn value(self) -> Option<T> {
        match self {
            Self::To(value) => Some(value),
            Self::Absent | Self::Reset => None,
        }
    }

    /// Another value in its place.
    pub(crate) fn try_map<U, E>(self, map: impl FnOnce(T) -> Result<U, E>) -> Result<Change<U>, E> {
        Ok(match self {
            Self::Absent => Change::Absent,
            Self::Reset => Change::Reset,
            Self::To(value) => Change::To(map(value)?),
        })
    }

    /// `None` when it stays, `Some(None)` when it is reset.
    pub(crate) fn edit(self) -> Option<Option<T>> {
        match self {
            Self::Absent => None,
            Self::Reset => Some(None),
            Self::To(value) => Some(Some(value)),
        }
    }
}
