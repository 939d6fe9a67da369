//! The steps of a clearing day: intake, price, net, prove, post, close
