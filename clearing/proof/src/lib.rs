//! A second, independent path from raw files to verdicts, positions and result files
