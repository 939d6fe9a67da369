//! Card cryptography: 3DES, SM2, SM3, SM4, diversification, MAC and TAC, batch kernels
