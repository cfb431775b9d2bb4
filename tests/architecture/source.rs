//! A file of the crate as tokens: comments and texts cannot be mistaken for code, and code within macros is seen.

use std::path::Path;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// One file below `src`.
pub(crate) struct Source {
    /// Its path below `src`.
    pub(crate) name: String,
    pub(crate) text: String,
    tokens: TokenStream,
}

/// What the beginning of a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// A module at the top of this crate.
    Module(String),
    /// This crate itself, or its root under another name.
    WholeCrate,
    /// Another crate, or something in scope.
    Other(String),
}

/// A path somewhere in the code.
#[derive(Debug)]
pub(crate) struct Mention {
    pub(crate) named: Named,
    pub(crate) line: usize,
    /// Whether it stands in a `pub use`.
    pub(crate) is_exported: bool,
    segments: Vec<String>,
}

/// Every file, in the order of their names.
pub(crate) fn all_sources(src: &Path) -> Vec<Source> {
    fn walk(dir: &Path, src: &Path, found: &mut Vec<Source>) {
        let mut entries: Vec<_> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                walk(&path, src, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path.strip_prefix(src).unwrap().to_str().unwrap().to_owned();
                found.push(Source::of(&name, &std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    walk(src, src, &mut found);
    found
}

impl Source {
    pub(crate) fn of(name: &str, text: &str) -> Self {
        let tokens = text.parse().unwrap_or_else(|e| panic!("{name} is no Rust: {e}"));
        Self { name: name.to_owned(), text: text.to_owned(), tokens }
    }

    /// The top module it belongs to; none for `lib.rs` and `main.rs`.
    pub(crate) fn floor(&self) -> Option<&str> {
        match self.name.split_once('/') {
            Some((floor, _)) => Some(floor),
            None => self.name.strip_suffix(".rs").filter(|stem| !["lib", "main"].contains(stem)),
        }
    }

    /// `src/file.rs:line`, as editors open it.
    pub(crate) fn at(&self, line: usize) -> String {
        format!("src/{}:{line}", self.name)
    }

    /// Every path, those of import groups one by one.
    pub(crate) fn paths(&self) -> Vec<Mention> {
        let mut module: Vec<String> = self.name.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        if ["mod", "lib", "main"].contains(&module.last().unwrap().as_str()) {
            module.pop();
        }
        let mut found = Vec::new();
        walk_paths(&self.tokens, &module, &mut found);
        found
    }

    /// Lines where a path ends so: `LedgerWriter::open`.
    pub(crate) fn paths_ending(&self, end: &[&str]) -> Vec<usize> {
        let paths = self.paths();
        paths
            .iter()
            .filter(|path| path.segments.ends_with(&end.iter().map(ToString::to_string).collect::<Vec<_>>()))
            .map(|p| p.line)
            .collect()
    }

    /// Lines outside tests where a method of that name is called.
    pub(crate) fn calls(&self, method: &str) -> Vec<usize> {
        let mut found = Vec::new();
        if !self.is_test() {
            walk_code(&self.tokens, &mut |tokens| {
                for window in tokens.windows(3) {
                    if let [TokenTree::Punct(dot), TokenTree::Ident(name), TokenTree::Group(arguments)] = window
                        && dot.as_char() == '.'
                        && name == method
                        && arguments.delimiter() == Delimiter::Parenthesis
                    {
                        found.push(name.span().start().line);
                    }
                }
            });
        }
        found
    }

    /// Texts outside tests.
    pub(crate) fn texts(&self) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        if !self.is_test() {
            walk_code(&self.tokens, &mut |tokens| {
                for token in tokens {
                    if let TokenTree::Literal(literal) = token {
                        found.push((literal.span().start().line, literal.to_string()));
                    }
                }
            });
        }
        found
    }

    /// Whether the whole file is compiled for tests alone, by the crate's habit of naming such files.
    fn is_test(&self) -> bool {
        let file = self.name.trim_end_matches(".rs");
        file.ends_with("tests") || file.contains("/tests/") || file.ends_with("test_world")
    }
}

/// Hands over each group's tokens, what stands in `#[cfg(test)] mod … { }` left out.
fn walk_code(stream: &TokenStream, look: &mut impl FnMut(&[TokenTree])) {
    let tokens: Vec<TokenTree> = stream.clone().into_iter().collect();
    look(&tokens);
    for (i, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token
            && !is_test_module(&tokens[..i])
        {
            walk_code(&group.stream(), look);
        }
    }
}

/// `#[cfg(test)] mod name`, public to whomever.
fn is_test_module(before: &[TokenTree]) -> bool {
    let [rest @ .., TokenTree::Ident(word), TokenTree::Ident(_)] = before else { return false };
    let rest = match rest {
        [rest @ .., TokenTree::Ident(public), TokenTree::Group(_)] | [rest @ .., TokenTree::Ident(public)] if public == "pub" => rest,
        _ => rest,
    };
    let is_for_tests = |attribute: &Group| attribute.stream().to_string().replace(' ', "") == "cfg(test)";
    word == "mod" && matches!(rest.last(), Some(TokenTree::Group(attribute)) if is_for_tests(attribute))
}

/// `module` is where the tokens stand, inline modules included.
fn walk_paths(stream: &TokenStream, module: &[String], found: &mut Vec<Mention>) {
    let tokens: Vec<TokenTree> = stream.clone().into_iter().collect();
    let mut i = 0;
    while i < tokens.len() {
        match &tokens[i] {
            TokenTree::Group(group) => {
                let mut inner = module.to_vec();
                if let [.., TokenTree::Ident(word), TokenTree::Ident(name)] = &tokens[..i]
                    && word == "mod"
                {
                    inner.push(name.to_string());
                }
                walk_paths(&group.stream(), &inner, found);
                i += 1;
            }
            TokenTree::Ident(word) if word == "use" => {
                let is_exported = is_public(&tokens[..i]);
                let end =
                    tokens[i..].iter().position(|t| matches!(t, TokenTree::Punct(p) if p.as_char() == ';')).map_or(tokens.len(), |n| i + n);
                use_tree(&tokens[i + 1..end], &[], module, is_exported, found);
                i = end;
            }
            TokenTree::Ident(_) if !follows_colons(&tokens, i) && colons_at(&tokens, i + 1) => {
                let (segments, next) = segments_at(&tokens, i);
                found.push(path(segments, module, line_of(&tokens[i]), false));
                i = next;
            }
            TokenTree::Ident(_) if follows_colons(&tokens, i) && is_absolute(&tokens, i) => {
                let (segments, next) = segments_at(&tokens, i);
                found.push(path(segments, module, line_of(&tokens[i]), false));
                i = next;
            }
            _ => i += 1,
        }
    }
}

/// `::name` with nothing before it that it could belong to.
fn is_absolute(tokens: &[TokenTree], i: usize) -> bool {
    match i.checked_sub(3).map(|before| &tokens[before]) {
        Some(TokenTree::Punct(p)) => p.as_char() != '>',
        Some(TokenTree::Ident(_) | TokenTree::Group(_)) => false,
        None | Some(TokenTree::Literal(_)) => true,
    }
}

fn is_public(before: &[TokenTree]) -> bool {
    match before {
        [.., TokenTree::Ident(word)] | [.., TokenTree::Ident(word), TokenTree::Group(_)] => word == "pub",
        _ => false,
    }
}

/// `a::{b, c::*}, d as e`: each leaf a path of its own.
fn use_tree(tokens: &[TokenTree], prefix: &[String], module: &[String], is_exported: bool, found: &mut Vec<Mention>) {
    for branch in tokens.split(|t| matches!(t, TokenTree::Punct(p) if p.as_char() == ',')) {
        let mut segments = prefix.to_vec();
        let mut group: Option<&Group> = None;
        let mut line = 0;
        for token in branch {
            match token {
                TokenTree::Ident(word) if word == "as" => break,
                TokenTree::Ident(word) => {
                    line = line_of(token);
                    segments.push(word.to_string());
                }
                TokenTree::Group(inner) => group = Some(inner),
                _ => {}
            }
        }
        match group {
            Some(group) => use_tree(&group.stream().into_iter().collect::<Vec<_>>(), &segments, module, is_exported, found),
            None if segments.is_empty() => {}
            None => found.push(path(segments, module, line, is_exported)),
        }
    }
}

fn path(segments: Vec<String>, module: &[String], line: usize, is_exported: bool) -> Mention {
    let named = match segments[0].as_str() {
        "crate" => top_of(segments[1..].iter()),
        "self" | "super" => {
            let ups = segments.iter().filter(|s| *s == "super").count();
            let from = module.len().saturating_sub(ups);
            let rest = segments.iter().skip_while(|s| ["self", "super"].contains(&s.as_str()));
            top_of(module[..from].iter().chain(rest))
        }
        name => Named::Other(name.to_owned()),
    };
    Mention { named, line, is_exported, segments }
}

fn top_of<'a>(mut segments: impl Iterator<Item = &'a String>) -> Named {
    segments.next().filter(|s| *s != "self").map_or(Named::WholeCrate, |module| Named::Module(module.clone()))
}

fn segments_at(tokens: &[TokenTree], mut i: usize) -> (Vec<String>, usize) {
    let mut segments = Vec::new();
    while let Some(TokenTree::Ident(word)) = tokens.get(i) {
        segments.push(word.to_string());
        i += 1;
        if !colons_at(tokens, i) {
            break;
        }
        i += 2;
    }
    (segments, i)
}

fn colons_at(tokens: &[TokenTree], i: usize) -> bool {
    matches!(tokens.get(i..i + 2), Some([TokenTree::Punct(a), TokenTree::Punct(b)]) if a.as_char() == ':' && b.as_char() == ':')
}

fn follows_colons(tokens: &[TokenTree], i: usize) -> bool {
    i >= 2 && colons_at(tokens, i - 2)
}

fn line_of(token: &TokenTree) -> usize {
    token.span().start().line
}
