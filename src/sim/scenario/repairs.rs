//! For every scenario a repair by hand, with nothing but the machine's own programs: afterwards Remote Desktop works.
