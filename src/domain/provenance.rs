//! Where each argument of an action was seen before: in the human's words, in the prompt, in which document, or nowhere.
//! Deterministic text matching (`occurrence`); it draws no conclusion, `attribution` does.
//!
//! The work is values × bytes of content, so both are bounded: at most [`MAX_TRACED_ARGUMENTS`] values, and at most
//! [`MAX_SEARCHED_BYTES`] bytes searched over all values together. A document behind the bound counts as one whose content
//! is not there: it is named as missing where it would decide, so nobody can hide one behind a heap of others.

use std::borrow::Cow;

use crate::domain::action::{Action, Trigger, TriggerKind};
use crate::domain::occurrence::{Haystack, Needle};
use crate::tlog::hash::DocumentHash;
use crate::tlog::json::Value;

/// Most argument values traced; further ones, in the order of the arguments, are left out and [`Provenance::is_cut`] says so.
pub const MAX_TRACED_ARGUMENTS: usize = 256;
/// Most bytes searched for one action: each content counts once per value.
pub const MAX_SEARCHED_BYTES: usize = 1 << 30;

/// The contents an action names, by the hash of their bytes; `None` once erased, or if never given.
pub type Contents<'c> = dyn Fn(&DocumentHash) -> Option<Cow<'c, [u8]>> + 'c;

/// Where the arguments of one action were seen before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// One for each value that can be traced, in the order of the arguments.
    pub arguments: Vec<ArgumentProvenance>,
    /// Whether more values than [`MAX_TRACED_ARGUMENTS`] were there.
    pub is_cut: bool,
    /// Whether the human's words could be read.
    pub words: Words,
    /// Documents of `context`, by place, whose content could not be read, ascending.
    pub unread: Vec<usize>,
}

/// Where one argument value was seen before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgumentProvenance {
    /// Which value, as a JSON Pointer into the group `action`: `/arguments/iban`.
    pub argument: String,
    /// Its first byte in the human's words.
    pub in_words: Option<usize>,
    /// Its first byte in the prompt.
    pub in_prompt: Option<usize>,
    /// The documents it stands in, in the order they were read.
    pub in_documents: Vec<Occurrence>,
}

/// A place in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// Which element of `context`, from 0.
    pub document: usize,
    /// The value's first byte in its content.
    pub offset: usize,
}

/// The words of the human in whose name the action was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// They were read.
    Known,
    /// Her message or click set it off, but what it said is not here.
    Missing,
    /// Something else set it off: a timer, a webhook, another agent, another person.
    NotHers,
}

/// Where a value was first seen: her words come before the prompt, and the prompt before what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstSeen {
    /// In the human's words, at that byte.
    Words(usize),
    /// In the prompt, at that byte.
    Prompt(usize),
    /// In a document.
    Document(Occurrence),
    /// In nothing that could be read.
    Nowhere,
}

impl ArgumentProvenance {
    /// Where it was first seen.
    pub fn first_seen(&self) -> FirstSeen {
        match (self.in_words, self.in_prompt, self.in_documents.first()) {
            (Some(offset), _, _) => FirstSeen::Words(offset),
            (None, Some(offset), _) => FirstSeen::Prompt(offset),
            (None, None, Some(occurrence)) => FirstSeen::Document(*occurrence),
            (None, None, None) => FirstSeen::Nowhere,
        }
    }
}

/// Looks for every argument value of `action` in everything the action says was there before.
pub fn provenance(action: &Action, contents: &Contents<'_>) -> Provenance {
    let (values, is_cut) = leaves(action.arguments.as_ref());
    let mut search = Search { contents, needles: values.iter().map(|(_, n)| n).collect(), bytes_left: MAX_SEARCHED_BYTES };

    let her_trigger = action.trigger.as_ref().filter(|t| is_her_own(t, action));
    let in_words = her_trigger.and_then(|t| search.places(t.content_sha256));
    let words = match (&in_words, her_trigger) {
        (Some(_), _) => Words::Known,
        (None, Some(_)) => Words::Missing,
        (None, None) => Words::NotHers,
    };
    let in_prompt = search.places(action.actor.prompt_sha256.as_deref().and_then(DocumentHash::parse_hex));
    let mut arguments: Vec<ArgumentProvenance> = values
        .iter()
        .enumerate()
        .map(|(i, (pointer, _))| ArgumentProvenance {
            argument: pointer.clone(),
            in_words: in_words.as_ref().and_then(|found| found[i]),
            in_prompt: in_prompt.as_ref().and_then(|found| found[i]),
            in_documents: Vec::new(),
        })
        .collect();

    let mut unread = Vec::new();
    for (document, read) in action.context.iter().flatten().enumerate() {
        let Some(found) = search.places(read.content_sha256) else {
            unread.push(document);
            continue;
        };
        for (argument, offset) in arguments.iter_mut().zip(found) {
            argument.in_documents.extend(offset.map(|offset| Occurrence { document, offset }));
        }
    }
    Provenance { arguments, is_cut, words, unread }
}

/// Whether the principal herself set the action off, by a message or a click. A trigger that names nobody is hers: only a
/// stated difference makes it somebody else's.
fn is_her_own(trigger: &Trigger, action: &Action) -> bool {
    let is_human = matches!(trigger.kind, TriggerKind::HumanMessage | TriggerKind::HumanClick);
    let is_other = match (&trigger.principal_id, &action.actor.human_principal_id) {
        (Some(whose), Some(principal)) => whose != principal.as_str(),
        _ => false,
    };
    is_human && !is_other
}

struct Search<'s, 'c> {
    contents: &'s Contents<'c>,
    needles: Vec<&'s Needle>,
    bytes_left: usize,
}

impl Search<'_, '_> {
    /// Where each value stands in that content; `None` if it is not here, is no text, or lies behind the bound.
    fn places(&mut self, hash: Option<DocumentHash>) -> Option<Vec<Option<usize>>> {
        let content = (self.contents)(&hash?)?;
        let text = std::str::from_utf8(&content).ok()?;
        self.bytes_left = self.bytes_left.checked_sub(text.len().checked_mul(self.needles.len())?)?;
        let haystack = Haystack::new(text);
        Some(self.needles.iter().map(|needle| haystack.find(needle)).collect())
    }
}

/// The values that can be traced, each with its pointer, and whether there were more than the bound.
fn leaves(arguments: Option<&Value>) -> (Vec<(String, Needle)>, bool) {
    let mut found = Vec::new();
    let mut is_cut = false;
    if let Some(arguments) = arguments {
        collect(arguments, &mut "/arguments".to_owned(), &mut found, &mut is_cut);
    }
    (found, is_cut)
}

fn collect(value: &Value, pointer: &mut String, found: &mut Vec<(String, Needle)>, is_cut: &mut bool) {
    let mut below = |name: &str, value: &Value, found: &mut Vec<(String, Needle)>, is_cut: &mut bool| {
        let length = pointer.len();
        pointer.push('/');
        pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
        collect(value, pointer, found, is_cut);
        pointer.truncate(length);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, member)| below(name, member, found, is_cut)),
        Value::Array(items) => items.iter().enumerate().for_each(|(i, item)| below(&i.to_string(), item, found, is_cut)),
        leaf => match Needle::of(leaf) {
            Some(_) if found.len() == MAX_TRACED_ARGUMENTS => *is_cut = true,
            Some(needle) => found.push((pointer.clone(), needle)),
            None => {}
        },
    }
}
