//! The page by which a browser takes part: its files, and a small server that hands them out to
//! this computer alone.
//!
//! A browser lets a page use the microphone only where it came from over https or from the
//! computer itself. [`files`] are what to put on a host with https, in any folder; [`Server`] is
//! the other way:
//!
//! ```no_run
//! # async fn show() -> Result<(), airshake::web::ServeError> {
//! let server = airshake::web::Server::bind(0).await?;
//! println!("open {}", server.url());
//! server.run().await;
//! # Ok(())
//! # }
//! ```

mod answer;
mod page;
mod server;

pub use page::{PageFile, files};
pub use server::{ServeError, Server};
