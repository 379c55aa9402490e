//! XML parts of document packages → a tree that can hold only what a vocabulary names → XML written anew.
//!
//! [`read`] takes octets (XML 1.0 and Namespaces in XML 1.0, UTF-8 or UTF-16) and keeps the elements and attributes
//! of a [`Vocabulary`]; the formats then work on the [`Tree`] (drop, unwrap, rename, set) and [`Tree::write`] writes
//! it in one plain form: all namespaces declared at the root under one prefix each, no comments, no processing
//! instructions, no CDATA, double quotes. The tree is the sieve: what has no name in the vocabulary has no place in
//! it, and what is read only in order to be rewritten ([`Dialect::also`]) is never written.
//!
//! *Security.* Given any octets. No DOCTYPE, no entity but the five of XML, elements at most [`DEPTH_MAX`] deep,
//! [`ATTRIBUTES_MAX`] attributes an element, [`NODES_MAX`] nodes a part; every node is spent from the budget before
//! it is kept. Nothing recurses. Linear but for the attributes of one element and the prefixes in scope, both bounded.

mod read;
mod tree;
mod write;

pub use read::read;
pub use tree::{Children, Lost, NodeId, Tree};

use policy::vocabulary::Vocabulary;

/// Deepest element.
pub const DEPTH_MAX: usize = 256;
/// Most attributes of one element.
pub const ATTRIBUTES_MAX: usize = 256;
/// Most nodes of one part.
pub const NODES_MAX: usize = 6_000_000;

/// How a family of formats is read.
#[derive(Debug)]
pub struct Dialect {
    /// The names that may be kept.
    pub vocabulary: fn() -> &'static Vocabulary,
    /// Elements that are read although they may not be written: the format rewrites or unwraps them.
    pub also: &'static [Also],
    /// What becomes of text that is nothing but white space.
    pub white: White,
    /// Elements in which another one without a name here is passed over but not what is in it.
    pub unwraps: fn(Name) -> bool,
    /// Prefixes that are declared although no element or attribute bears them, because values do.
    pub declared: &'static [&'static str],
}

/// An element that is read only to be rewritten.
#[derive(Debug)]
pub struct Also {
    /// Its name, by the prefix of the vocabulary.
    pub name: Name,
    /// The attributes that are kept of it.
    pub attributes: &'static [Name],
}

/// A name: the prefix that the vocabulary gives to its namespace (empty for an attribute without one), and the local
/// name.
pub type Name = (&'static str, &'static str);

/// What becomes of text that is nothing but white space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum White {
    /// Kept only in elements that hold no element (Office Open XML has no mixed content).
    InLeaves,
    /// Kept everywhere (OpenDocument paragraphs are mixed).
    Everywhere,
}

#[cfg(test)]
mod tests;
