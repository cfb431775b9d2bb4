//! Signing in by a one-time link. Opening the link changes nothing: only the button does, so that a preview of the link cannot
//! use it up.

use askama::Template;

use crate::ui::frame::Frame;
use crate::ui::part::Tone;

/// The sign-in page.
#[derive(Clone, Debug, Template)]
#[template(path = "signin.html")]
pub struct SignIn {
    /// Around it; nobody is signed in.
    pub frame: Frame,
    /// Where the reader stands.
    pub state: SignInState,
}

/// Where somebody who is not signed in stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignInState {
    /// She opened a link that can be used.
    Ready {
        /// The token of the link, posted back by the button.
        token: String,
        /// Where she wanted to go.
        return_to: String,
    },
    /// She has no session.
    Needed,
    /// The link was used or has run out.
    Spent,
    /// Her session has ended.
    Ended,
}
