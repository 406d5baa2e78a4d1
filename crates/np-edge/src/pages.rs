//! The pages of the edge's own, as the provider wants them to look: files of a folder, read once at the start.
//!
//! `<failure>.html` and `<failure>.json`, such as `origin_timeout.html`, are for one failure; `error.html` and `error.json`
//! for those without one. In them `{{status}}`, `{{error}}`, `{{message}}` and `{{request_id}}` are filled in; none of these
//! has characters that HTML or JSON would read. Without a file the built-in page is sent.

use std::{collections::HashMap, fs, io, path::Path};

use thiserror::Error;

use crate::proxy::failure::{Failure, Format, Page};

/// The largest file taken.
const PAGE_BYTES_MAX: u64 = 256 * 1024;
/// The name of the page for failures without one of their own.
const ANY: &str = "error";

/// Why the pages cannot be used.
#[derive(Debug, Error)]
pub enum PagesError {
    /// The folder or a file in it cannot be read.
    #[error("{file} cannot be read")]
    Unreadable {
        /// Which.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// A file is larger than a page may be.
    #[error("{0} is larger than {PAGE_BYTES_MAX} bytes")]
    TooLarge(String),
    /// A file is for no failure.
    #[error("{0} is named after no failure: see docs/deploy.md for their names")]
    Unknown(String),
}

/// The pages.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    html: HashMap<String, String>,
    json: HashMap<String, String>,
}

impl Pages {
    /// Reads a folder.
    ///
    /// # Errors
    /// When it holds what is no page, or cannot be read.
    pub(crate) fn read(folder: &Path) -> Result<Self, PagesError> {
        let unreadable = |path: &Path| {
            let file = path.display().to_string();
            move |source| PagesError::Unreadable { file, source }
        };
        let mut pages = Self::default();
        for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
            let path = entry.map_err(unreadable(folder))?.path();
            let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let kept = match path.extension().and_then(|extension| extension.to_str()) {
                Some("html") => &mut pages.html,
                Some("json") => &mut pages.json,
                _ => continue,
            };
            if name != ANY && !Failure::ALL.iter().any(|failure| failure.name() == name) {
                return Err(PagesError::Unknown(path.display().to_string()));
            }
            let length = fs::metadata(&path).map_err(unreadable(&path))?.len();
            if length > PAGE_BYTES_MAX {
                return Err(PagesError::TooLarge(path.display().to_string()));
            }
            kept.insert(name.to_owned(), fs::read_to_string(&path).map_err(unreadable(&path))?);
        }
        Ok(pages)
    }

    /// The page for a failure.
    pub(crate) fn page(&self, failure: Failure, format: Format, request_id: &str) -> Page {
        let kept = match format {
            Format::Html => &self.html,
            Format::Json => &self.json,
        };
        let template = kept.get(failure.name()).or_else(|| kept.get(ANY));
        let built_in = failure.page(format, request_id);
        match template {
            Some(template) => Page { body: filled(template, failure, request_id), ..built_in },
            None => built_in,
        }
    }
}

fn filled(template: &str, failure: Failure, request_id: &str) -> String {
    template
        .replace("{{status}}", &failure.status().as_u16().to_string())
        .replace("{{error}}", failure.name())
        .replace("{{message}}", failure.sentence())
        .replace("{{request_id}}", request_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failures_own_page_comes_before_the_one_for_all_and_that_before_ours() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("error.html", "{{status}} {{error}}: {{message}} ({{request_id}})");
        write("no_origin.html", "soon");
        write("logo.svg", "ignored");
        let pages = Pages::read(folder.path()).unwrap();
        let body = |failure, format| pages.page(failure, format, "abc").body;
        assert_eq!(
            body(Failure::Misdirected, Format::Html),
            "421 misdirected_request: This connection was made for another hostname. Connect again. (abc)"
        );
        assert_eq!(body(Failure::NoOrigin, Format::Html), "soon");
        assert!(body(Failure::NoOrigin, Format::Json).starts_with("{\"error\":\"no_origin\""));
    }

    #[test]
    fn a_page_for_no_failure_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("orgin_timeout.html"), "").unwrap();
        let why = Pages::read(folder.path()).unwrap_err().to_string();
        assert!(why.contains("orgin_timeout.html is named after no failure"), "{why}");
    }
}
