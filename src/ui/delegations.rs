//! All delegations, newest first.

use askama::Template;

use crate::ui::frame::Frame;
use crate::ui::part::Pages;
use crate::ui::rows::DelegationRows;

/// The list of delegations.
#[derive(Clone, Debug, Template)]
#[template(path = "delegations.html")]
pub struct Delegations {
    /// Around it.
    pub frame: Frame,
    /// `1 204 delegations`.
    pub count: String,
    /// Which are shown: words, address, whether it is this choice.
    pub choices: Vec<(&'static str, String, bool)>,
    /// One page of them.
    pub rows: DelegationRows,
    /// The neighbouring pages.
    pub pages: Pages,
}
