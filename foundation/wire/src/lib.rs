//! Record tables and codecs of the exchange interface
