//! A statement with its parameters, and the rows that come back, for both databases.
//!
//! Three types suffice: integers (BIGINT), texts and bytes. `sqlx`'s own `Any` driver would do the same with more types
//! and without a place for the writer of [`crate::database`].

use std::borrow::Cow;

use sqlx::{
    AssertSqlSafe, Postgres, Row as _, Sqlite,
    postgres::{PgArguments, PgRow},
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};

use np_domain::{
    Timestamp,
    id::{AccountId, CsrId, DnsRecordId, HostnameId, PackId, TokenId, UserId, ZoneId},
};

use crate::{
    database::{Observer, ParameterKind},
    row::{Damage, Micros},
};

/// A statement to be run. Its text is made of constants of this crate only; everything else is bound.
pub(crate) struct Statement {
    text: Cow<'static, str>,
    parameters: Vec<Parameter>,
}

/// Begins a statement.
pub(crate) fn sql(text: impl Into<Cow<'static, str>>) -> Statement {
    Statement { text: text.into(), parameters: Vec::new() }
}

/// The value of a placeholder.
pub(crate) enum Parameter {
    Bytes(Option<Vec<u8>>),
    Int(Option<i64>),
    Text(Option<String>),
}

impl Statement {
    /// Gives the next placeholder its value: the first call is `$1`.
    pub(crate) fn bind(mut self, value: impl Into<Parameter>) -> Self {
        self.parameters.push(value.into());
        self
    }

    /// The same for several placeholders.
    pub(crate) fn bind_all(mut self, values: impl IntoIterator<Item = Parameter>) -> Self {
        self.parameters.extend(values);
        self
    }

    pub(crate) fn show(&self, observer: &Observer) {
        let kinds: Vec<_> = self.parameters.iter().map(Parameter::kind).collect();
        observer.see(&self.text, &kinds);
    }

    pub(crate) fn for_sqlite(self) -> Query<'static, Sqlite, SqliteArguments> {
        let query = sqlx::query(AssertSqlSafe(self.text));
        self.parameters.into_iter().fold(query, |query, parameter| match parameter {
            Parameter::Bytes(value) => query.bind(value),
            Parameter::Int(value) => query.bind(value),
            Parameter::Text(value) => query.bind(value),
        })
    }

    pub(crate) fn for_postgres(self) -> Query<'static, Postgres, PgArguments> {
        let query = sqlx::query(AssertSqlSafe(self.text));
        self.parameters.into_iter().fold(query, |query, parameter| match parameter {
            Parameter::Bytes(value) => query.bind(value),
            Parameter::Int(value) => query.bind(value),
            Parameter::Text(value) => query.bind(value),
        })
    }
}

impl Parameter {
    fn kind(&self) -> ParameterKind {
        match self {
            Self::Bytes(_) => ParameterKind::Bytes,
            Self::Int(_) => ParameterKind::Int,
            Self::Text(_) => ParameterKind::Text,
        }
    }
}

impl From<i64> for Parameter {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<u32> for Parameter {
    fn from(value: u32) -> Self {
        Self::Int(Some(value.into()))
    }
}

/// Versions and generations count from 0 and never come near 2^63.
impl From<u64> for Parameter {
    fn from(value: u64) -> Self {
        Self::Int(Some(value.try_into().unwrap_or(i64::MAX)))
    }
}

impl From<Timestamp> for Parameter {
    fn from(at: Timestamp) -> Self {
        Self::Int(Some(Micros::from(at).0))
    }
}

impl From<Option<Timestamp>> for Parameter {
    fn from(at: Option<Timestamp>) -> Self {
        Self::Int(at.map(|at| Micros::from(at).0))
    }
}

impl From<&str> for Parameter {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}

impl From<String> for Parameter {
    fn from(value: String) -> Self {
        Self::Text(Some(value))
    }
}

impl From<Option<String>> for Parameter {
    fn from(value: Option<String>) -> Self {
        Self::Text(value)
    }
}

impl From<Option<UserId>> for Parameter {
    fn from(id: Option<UserId>) -> Self {
        Self::Bytes(id.map(|id| id.as_bytes().to_vec()))
    }
}

impl From<Option<[u8; 32]>> for Parameter {
    fn from(digest: Option<[u8; 32]>) -> Self {
        Self::Bytes(digest.map(Vec::from))
    }
}

impl From<Option<Vec<u8>>> for Parameter {
    fn from(value: Option<Vec<u8>>) -> Self {
        Self::Bytes(value)
    }
}

impl From<&[u8]> for Parameter {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(Some(value.to_vec()))
    }
}

/// Ids are kept as their 16 bytes, whose order is that of their text.
macro_rules! ids {
    ($($id:ident),+) => {
        $(impl From<$id> for Parameter {
            fn from(id: $id) -> Self {
                Self::Bytes(Some(id.as_bytes().to_vec()))
            }
        })+
    };
}
ids!(AccountId, CsrId, DnsRecordId, HostnameId, PackId, TokenId, UserId, ZoneId);

/// A row that came back.
pub(crate) enum Row {
    Postgres(PgRow),
    Sqlite(SqliteRow),
}

/// A column's value; every reader of one names the column.
macro_rules! column {
    ($row:expr, $name:expr) => {
        match $row {
            Row::Postgres(row) => row.try_get($name),
            Row::Sqlite(row) => row.try_get($name),
        }
    };
}

impl Row {
    pub(crate) fn int(&self, column: &str) -> Result<i64, Damage> {
        Ok(column!(self, column)?)
    }

    /// An integer that counts something.
    pub(crate) fn count(&self, column: &str) -> Result<u64, Damage> {
        Ok(self.int(column)?.try_into()?)
    }

    pub(crate) fn moment(&self, column: &str) -> Result<Timestamp, Damage> {
        Ok(Micros(self.int(column)?).try_into()?)
    }

    /// A moment in a column that may have none.
    pub(crate) fn maybe_moment(&self, column: &str) -> Result<Option<Timestamp>, Damage> {
        let micros: Option<i64> = column!(self, column)?;
        Ok(micros.map(|micros| Micros(micros).try_into()).transpose()?)
    }

    /// An integer in a column that may have none.
    pub(crate) fn maybe_int(&self, column: &str) -> Result<Option<i64>, Damage> {
        Ok(column!(self, column)?)
    }

    /// A text in a column that may have none.
    pub(crate) fn maybe_text(&self, column: &str) -> Result<Option<String>, Damage> {
        Ok(column!(self, column)?)
    }

    /// Bytes in a column that may have none.
    pub(crate) fn maybe_bytes(&self, column: &str) -> Result<Option<Vec<u8>>, Damage> {
        Ok(column!(self, column)?)
    }

    /// Just so many bytes in a column that may have none.
    pub(crate) fn maybe_array<const N: usize>(
        &self,
        column: &str,
    ) -> Result<Option<[u8; N]>, Damage> {
        self.maybe_bytes(column)?.map(|bytes| exactly(column, bytes)).transpose()
    }

    pub(crate) fn text(&self, column: &str) -> Result<String, Damage> {
        Ok(column!(self, column)?)
    }

    pub(crate) fn bytes(&self, column: &str) -> Result<Vec<u8>, Damage> {
        Ok(column!(self, column)?)
    }

    /// The 16 bytes of an id.
    pub(crate) fn id(&self, column: &str) -> Result<[u8; 16], Damage> {
        exactly(column, self.bytes(column)?)
    }

    /// The 16 bytes of an id in a column that may have none.
    pub(crate) fn maybe_id(&self, column: &str) -> Result<Option<[u8; 16]>, Damage> {
        let bytes: Option<Vec<u8>> = column!(self, column)?;
        bytes.map(|bytes| exactly(column, bytes)).transpose()
    }

    /// A column of just so many bytes.
    pub(crate) fn array<const N: usize>(&self, column: &str) -> Result<[u8; N], Damage> {
        exactly(column, self.bytes(column)?)
    }
}

fn exactly<const N: usize>(column: &str, bytes: Vec<u8>) -> Result<[u8; N], Damage> {
    bytes.try_into().map_err(|bytes: Vec<u8>| {
        Damage::new(format!("column {column} has {} bytes instead of {N}", bytes.len()))
    })
}
