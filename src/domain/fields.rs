//! Reading the members of one group of an event: every question asked is answered, everything wrong is noted and reading goes on.
//!
//! It reads what was submitted (an object) and what is stored (members, cut by FORMAT.md section 3) with the same questions.
//! It does not know which members there are: whoever asks does, and [`Fields::finish`] reports those nobody asked for.

use crate::domain::event::Members;
use crate::domain::field_error::{FieldCode, FieldError, FieldErrors, did_you_mean, quoted, quoted_text};
use crate::domain::limits::{ListKind, TextKind, check_text, check_time, pointer_token, whole};
use crate::tlog::hash::DocumentHash;
use crate::tlog::json::Value;
use crate::tlog::time::Timestamp;

/// A reader over the members of one group, noting what is wrong in `errors`.
#[derive(Debug)]
pub struct Fields<'v, 'e> {
    path: String,
    entries: Vec<Entry<'v>>,
    asked: Vec<&'static str>,
    is_closed: bool,
    errors: &'e mut FieldErrors,
}

#[derive(Debug)]
struct Entry<'v> {
    name: &'v str,
    slot: Slot<'v>,
    is_asked: bool,
}

/// A value in one piece, or a group or list that the commitment has cut into named pieces.
#[derive(Debug)]
enum Slot<'v> {
    Whole(&'v Value),
    Parts(Vec<(&'v str, &'v Value)>),
}

impl<'v> Entry<'v> {
    fn whole(name: &'v str, value: &'v Value) -> Self {
        Self { name, slot: Slot::Whole(value), is_asked: false }
    }
}

impl<'v, 'e> Fields<'v, 'e> {
    /// Over what was submitted: members that nobody asks for are errors.
    pub fn of_object(members: &'v [(String, Value)], errors: &'e mut FieldErrors) -> Self {
        let entries = members.iter().map(|(name, value)| Entry::whole(name, value)).collect();
        Self { path: String::new(), entries, asked: Vec::new(), is_closed: true, errors }
    }

    /// Over what is stored: members that nobody asks for are of a later release, or the ledger's own.
    pub fn of_members(members: &'v Members, errors: &'e mut FieldErrors) -> Self {
        let mut entries: Vec<Entry<'v>> = Vec::new();
        for (pointer, value) in members {
            let name = pointer.strip_prefix('/').unwrap_or(pointer);
            match name.split_once('/') {
                None => entries.push(Entry::whole(name, value)),
                // `/` sorts before every character of a name, so the pieces of one group are neighbours.
                Some((group, part)) => match entries.last_mut() {
                    Some(Entry { name, slot: Slot::Parts(parts), .. }) if *name == group => parts.push((part, value)),
                    _ => entries.push(Entry { name: group, slot: Slot::Parts(vec![(part, value)]), is_asked: false }),
                },
            }
        }
        Self { path: String::new(), entries, asked: Vec::new(), is_closed: false, errors }
    }

    /// Notes an error at one member.
    pub fn refuse(&mut self, name: &str, code: FieldCode, message: impl Into<String>) {
        self.note(FieldError::new(self.path_of(name), code, message));
    }

    /// Notes an error at one member, with the bounds of what is allowed.
    pub fn refuse_within(&mut self, name: &str, code: FieldCode, message: impl Into<String>, range: impl Into<String>) {
        self.note(FieldError::new(self.path_of(name), code, message).within(range));
    }

    /// Demands a member of a submission because of what stands beside it. What is stored may have lost it to an erasure.
    pub fn demand(&mut self, name: &'static str, message: &str) {
        if self.is_closed && self.value(name).is_none() {
            self.refuse(name, FieldCode::Required, message);
        }
    }

    /// Notes an error at the group itself.
    pub fn refuse_whole(&mut self, code: FieldCode, message: impl Into<String>) {
        self.note(FieldError::new(self.path.clone(), code, message));
    }

    /// The value of a member; `null`, `{}` and an absent one are the same.
    pub fn value(&mut self, name: &'static str) -> Option<&'v Value> {
        match self.entry(name)?.slot {
            Slot::Whole(value) if !value.is_absent() => Some(value),
            _ => None,
        }
    }

    /// The value of a member, `null` and `{}` included.
    pub fn given(&mut self, name: &'static str) -> Option<&'v Value> {
        match self.entry(name)?.slot {
            Slot::Whole(value) => Some(value),
            Slot::Parts(_) => None,
        }
    }

    /// A group; an absent one reads as empty, so that its required members are named.
    pub fn group(&mut self, name: &'static str) -> Fields<'v, '_> {
        let parts = match self.entry(name).map(|entry| &mut entry.slot) {
            Some(Slot::Parts(parts)) => std::mem::take(parts),
            Some(Slot::Whole(Value::Object(members))) => members.iter().map(|(n, v)| (n.as_str(), v)).collect(),
            Some(Slot::Whole(Value::Null)) | None => Vec::new(),
            Some(Slot::Whole(other)) => {
                let other = *other;
                self.wrong_type(name, other, "an object");
                Vec::new()
            }
        };
        self.below(name, parts)
    }

    /// One element of a list of objects, to be read like a group.
    pub fn element(&mut self, list: &str, position: usize, element: &'v Value) -> Fields<'v, '_> {
        let name = format!("{list}/{position}");
        let Value::Object(members) = element else {
            self.wrong_type(&name, element, "an object");
            return self.below(&name, Vec::new());
        };
        self.below(&name, members.iter().map(|(n, v)| (n.as_str(), v)).collect())
    }

    /// The elements of a list; too many are an error and none is read.
    pub fn list(&mut self, name: &'static str, kind: ListKind) -> Option<Vec<&'v Value>> {
        let items: Vec<&'v Value> = match self.entry(name).map(|entry| &mut entry.slot)? {
            Slot::Parts(parts) => {
                // Erased elements leave a gap; those left keep their order, which is that of numbers, not of texts.
                parts.sort_by_key(|(position, _)| position.parse::<usize>().unwrap_or(usize::MAX));
                parts.iter().map(|(_, value)| *value).collect()
            }
            Slot::Whole(Value::Array(items)) => items.iter().collect(),
            Slot::Whole(absent) if absent.is_absent() => return None,
            Slot::Whole(other) => {
                let other = *other;
                self.wrong_type(name, other, "a list");
                return None;
            }
        };
        let (max, code) = kind.limit();
        if items.len() > max {
            let message = format!("a list of {}; at most {max} elements are kept", items.len());
            self.refuse_within(name, code, message, format!("0 to {max} elements"));
            return None;
        }
        Some(items)
    }

    /// A list of texts.
    pub fn texts(&mut self, name: &'static str, kind: ListKind, of: TextKind) -> Option<Vec<String>> {
        let items = self.list(name, kind)?;
        let mut texts = Vec::with_capacity(items.len());
        for (position, item) in items.into_iter().enumerate() {
            match item {
                Value::String(text) if check_text(text, of).is_ok() => texts.push(text.clone()),
                other => {
                    self.text_of(&format!("{name}/{position}"), other, of);
                }
            }
        }
        Some(texts)
    }

    /// A text that may be absent.
    pub fn text(&mut self, name: &'static str, kind: TextKind) -> Option<&'v str> {
        let value = self.value(name)?;
        self.text_of(name, value, kind)
    }

    /// A text that must be there.
    pub fn required_text(&mut self, name: &'static str, kind: TextKind) -> Option<&'v str> {
        let value = self.required(name)?;
        self.text_of(name, value, kind)
    }

    /// An RFC 3339 time that may be absent.
    pub fn time(&mut self, name: &'static str) -> Option<Timestamp> {
        let value = self.value(name)?;
        self.time_of(name, value)
    }

    /// An RFC 3339 time that must be there.
    pub fn required_time(&mut self, name: &'static str) -> Option<Timestamp> {
        let value = self.required(name)?;
        self.time_of(name, value)
    }

    /// One of a few words; may be absent.
    pub fn choice<T: Copy>(&mut self, name: &'static str, all: &[T], word: fn(T) -> &'static str) -> Option<T> {
        let value = self.value(name)?;
        self.word_of(name, value, all, word)
    }

    /// One of a few words; must be there.
    pub fn required_choice<T: Copy>(&mut self, name: &'static str, all: &[T], word: fn(T) -> &'static str) -> Option<T> {
        if self.value(name).is_none() {
            let words: Vec<&'static str> = all.iter().map(|one| word(*one)).collect();
            let message = format!("this member is missing: one of {}", words.join(", "));
            self.note(FieldError::new(self.path_of(name), FieldCode::Required, message).allowing(words));
        }
        self.choice(name, all, word)
    }

    /// A SHA-256 in lowercase hexadecimal; may be absent.
    pub fn hash(&mut self, name: &'static str) -> Option<DocumentHash> {
        let value = self.value(name)?;
        let hash = value.as_str().and_then(DocumentHash::parse_hex);
        match value {
            Value::String(text) if hash.is_none() => self.refuse(
                name,
                FieldCode::Malformed,
                format!("{} is not a SHA-256: expected 64 lowercase hexadecimal digits", quoted_text(text)),
            ),
            Value::String(_) => {}
            other => self.wrong_type(name, other, "a text of 64 lowercase hexadecimal digits"),
        }
        hash
    }

    /// A SHA-256 as the text it was given as.
    pub fn hash_text(&mut self, name: &'static str) -> Option<String> {
        self.hash(name)?;
        self.value(name)?.as_str().map(str::to_owned)
    }

    /// A whole number from 0 to `max`; may be absent.
    pub fn whole_number(&mut self, name: &'static str, max: u64) -> Option<u64> {
        match self.value(name)? {
            Value::Number(number) => {
                let whole = whole(*number).filter(|n| *n <= max);
                if whole.is_none() {
                    let message = format!("{number} is not a whole number from 0 to {max}");
                    self.refuse_within(name, FieldCode::OutOfRange, message, format!("0 to {max}"));
                }
                whole
            }
            other => {
                self.wrong_type(name, other, "a whole number");
                None
            }
        }
    }

    /// `true` or `false`; may be absent.
    pub fn flag(&mut self, name: &'static str) -> Option<bool> {
        match self.value(name)? {
            Value::Bool(flag) => Some(*flag),
            other => {
                self.wrong_type(name, other, "true or false");
                None
            }
        }
    }

    /// An object kept as it is; may be absent.
    pub fn object(&mut self, name: &'static str) -> Option<&'v Value> {
        match self.value(name)? {
            object @ Value::Object(_) => Some(object),
            other => {
                self.wrong_type(name, other, "an object");
                None
            }
        }
    }

    /// A group put together again as one value, its members ascending by name; may be absent.
    pub fn whole_group(&mut self, name: &'static str) -> Option<Value> {
        let mut kept: Vec<(String, Value)> = match &self.entry(name)?.slot {
            Slot::Parts(parts) => parts.iter().map(|(n, v)| ((*n).to_owned(), (*v).clone())).collect(),
            Slot::Whole(Value::Object(members)) => members.iter().filter(|(_, v)| !v.is_absent()).cloned().collect(),
            Slot::Whole(_) => return None,
        };
        kept.sort_by(|(a, _), (b, _)| a.cmp(b));
        (!kept.is_empty()).then_some(Value::Object(kept))
    }

    /// Reports the members that nobody asked for.
    pub fn finish(self) {
        let unknown = self.entries.iter().filter(|entry| self.is_closed && !entry.is_asked);
        for entry in unknown {
            if self.errors.is_full() {
                return;
            }
            let shown = quoted_text(entry.name);
            let message = if self.path.is_empty() && entry.name == "report" {
                "\"report\" is written by the ledger and never accepted".to_owned()
            } else {
                format!("{shown} is no member here{}; anything of your own goes under /extensions", did_you_mean(entry.name, &self.asked))
            };
            let path = format!("{}/{}", self.path, pointer_token(entry.name));
            self.errors.push(FieldError::new(path, FieldCode::UnknownMember, message).allowing(self.asked.clone()));
        }
    }

    fn below(&mut self, name: &str, parts: Vec<(&'v str, &'v Value)>) -> Fields<'v, '_> {
        let path = self.path_of(name);
        let entries = parts.into_iter().map(|(name, value)| Entry::whole(name, value)).collect();
        Fields { path, entries, asked: Vec::new(), is_closed: self.is_closed, errors: &mut *self.errors }
    }

    fn entry(&mut self, name: &'static str) -> Option<&mut Entry<'v>> {
        if !self.asked.contains(&name) {
            self.asked.push(name);
        }
        let entry = self.entries.iter_mut().find(|entry| entry.name == name)?;
        entry.is_asked = true;
        Some(entry)
    }

    fn required(&mut self, name: &'static str) -> Option<&'v Value> {
        let value = self.value(name);
        if value.is_none() {
            self.refuse(name, FieldCode::Required, "this member is missing");
        }
        value
    }

    fn text_of(&mut self, name: &str, value: &'v Value, kind: TextKind) -> Option<&'v str> {
        match value {
            Value::String(text) => match check_text(text, kind) {
                Ok(()) => Some(text),
                Err(error) => {
                    self.note(FieldError { path: self.path_of(name), ..error });
                    None
                }
            },
            other => {
                self.wrong_type(name, other, "a text");
                None
            }
        }
    }

    fn time_of(&mut self, name: &str, value: &Value) -> Option<Timestamp> {
        match value {
            Value::String(text) => match check_time(text) {
                Ok(time) => Some(time),
                Err(error) => {
                    self.note(FieldError { path: self.path_of(name), ..error });
                    None
                }
            },
            other => {
                self.wrong_type(name, other, "an RFC 3339 time with a zone, as in \"2026-11-22T10:00:00+01:00\"");
                None
            }
        }
    }

    fn word_of<T: Copy>(&mut self, name: &str, value: &Value, all: &[T], word: fn(T) -> &'static str) -> Option<T> {
        let given = value.as_str();
        let found = all.iter().copied().find(|one| Some(word(*one)) == given);
        if found.is_none() {
            let words: Vec<&'static str> = all.iter().map(|one| word(*one)).collect();
            let code = if given.is_some() { FieldCode::NotAllowed } else { FieldCode::WrongType };
            let hint = did_you_mean(given.unwrap_or_default(), &words);
            let message = format!("expected one of {}, came {}{hint}", words.join(", "), quoted(value));
            self.note(FieldError::new(self.path_of(name), code, message).allowing(words));
        }
        found
    }

    fn path_of(&self, name: &str) -> String {
        [&self.path, "/", name].concat()
    }

    fn note(&mut self, error: FieldError) {
        self.errors.push(error);
    }

    /// Notes that a value of another type was expected.
    pub fn wrong_type(&mut self, name: &str, came: &Value, expected: &str) {
        self.refuse(name, FieldCode::WrongType, format!("expected {expected}, came {}", quoted(came)));
    }
}
