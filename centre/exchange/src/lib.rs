//! The exchange interface of the centre: uploads in, receipts and result files out
