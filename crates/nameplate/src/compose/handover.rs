//! A process that is replaced by a new one, for which it opens the door: the listening sockets are the same ones before and
//! after, so that no visitor is refused, and what is under way in the old process ends there.
//!
//! The old process ([`successor`]) starts the program that is now at its path with the arguments that it had and `--takeover`. The
//! new one ([`predecessor`]) finds a socket as its standard input, and on it one byte for each thing that is said
//! ([`channel`]). These bytes are understood by programs of other versions too: they never change their meaning.
//!
//! Only one of the two follows the feed at a time, because both write the same copy: the old one stops before the new one is
//! started, and goes on if that one does not come to serve.

mod channel;
pub(crate) mod predecessor;
pub(crate) mod successor;

/// The argument that makes a process take over from the one that started it.
pub(crate) const TAKEOVER: &str = "--takeover";
