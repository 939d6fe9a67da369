//! Doors to outside parties (通信前置的文件侧).
