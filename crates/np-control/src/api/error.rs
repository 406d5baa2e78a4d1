//! The only place where HTTP statuses and API error codes are chosen.
//!
//! [`Problem`] is the table of behaviour.md 1.5 and 6; docs/errors.md repeats it for readers, and a test compares the two.
//! Below it, one exhaustive match per error of the domain and of the use cases. Nothing internal gets into a reply: what
//! caused a 500 is logged here, once, and the client reads `Internal Server Error`.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use np_domain::ports::StoreError;

use super::envelope::{Envelope, Item, Source};

mod access;
mod csrs;
mod dns_records;
mod hostnames;
mod invalid;
mod packs;
mod table;
mod uploads;
mod zones;

use table::PLACEHOLDERS;
pub use table::{Problem, Row};
pub(crate) use uploads::of_analysis;

/// An error on its way to the client.
#[derive(Debug)]
pub(crate) struct ApiError {
    problem: Problem,
    /// The field at fault, as a JSON pointer.
    pointer: Option<String>,
    /// What exactly is wrong, and the remedy where the table's text does not say it.
    detail: Option<String>,
    /// For the log only.
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl ApiError {
    /// The problem as the table has it.
    pub(crate) fn of(problem: Problem) -> Self {
        Self { problem, pointer: None, detail: None, cause: None }
    }

    /// With the field at fault.
    pub(crate) fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    /// With what exactly is wrong.
    pub(crate) fn because(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The same within an item of a list: its pointer begins there.
    pub(crate) fn below(mut self, index: usize) -> Self {
        let pointer = self.pointer.unwrap_or_default();
        self.pointer = Some(format!("/{}/{index}{pointer}", super::wire::bulk::ITEMS));
        self
    }

    /// Status and error, for a reply that has other outcomes too. What caused a 500 is logged.
    pub(crate) fn into_item(self) -> (u16, Item) {
        self.log();
        (self.problem.row().status, self.item())
    }

    fn log(&self) {
        if let Some(cause) = &self.cause {
            tracing::error!(problem = ?self.problem, error = %chain(cause.as_ref()), "request failed");
        }
    }

    fn item(&self) -> Item {
        let row = self.problem.row();
        let message = message(row.message, self.detail.as_deref());
        let chain = self.problem.chain().map(|(code, message)| Item {
            code,
            message: message.to_owned(),
            source: None,
            error_chain: Vec::new(),
        });
        let source = self.pointer.clone().map(|pointer| Source { pointer });
        Item { code: row.code, message, source, error_chain: chain.into_iter().collect() }
    }
}

/// The table's text with the detail in its place, or behind it.
fn message(text: &str, detail: Option<&str>) -> String {
    let Some(detail) = detail else { return text.to_owned() };
    match PLACEHOLDERS.iter().find(|place| text.contains(**place)) {
        Some(place) => text.replacen(place, detail, 1),
        None => format!("{text} {detail}"),
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.log();
        let row = self.problem.row();
        let status = StatusCode::from_u16(row.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let errors = vec![self.item()];
        let messages = Vec::new();
        Envelope::<()> { success: false, errors, messages, result: None, result_info: None }
            .reply(status)
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale => Self::of(Problem::Busy),
            StoreError::Corrupt { .. } | StoreError::Unavailable(_) => {
                Self { cause: Some(Box::new(error)), ..Self::of(Problem::Internal) }
            }
        }
    }
}

#[cfg(test)]
mod tests;
