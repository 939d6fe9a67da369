//! Errors and disputes (差错争议).
