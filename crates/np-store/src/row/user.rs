//! The document of a user: everything but what has a column of its own.

use serde::{Deserialize, Serialize};

use super::V1;
use np_domain::{account, text::Explanation};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct User {
    v: V1,
    first_name: Option<String>,
    last_name: Option<String>,
}

impl From<&account::User> for User {
    fn from(user: &account::User) -> Self {
        let text = |name: &Option<Explanation>| name.as_ref().map(ToString::to_string);
        Self { v: V1, first_name: text(&user.first_name), last_name: text(&user.last_name) }
    }
}

impl User {
    /// First and last name.
    pub(crate) fn names(self) -> [Option<Explanation>; 2] {
        [self.first_name, self.last_name].map(|name| name.map(Explanation::new))
    }
}
