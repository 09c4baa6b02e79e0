//! Return codes and ERRORLEVEL.
