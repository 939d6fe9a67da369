//! Settlement (结算) through a bank and the reserve fund (备付金).
