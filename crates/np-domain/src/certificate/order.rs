//! The steps of an attempt at a certificate.
