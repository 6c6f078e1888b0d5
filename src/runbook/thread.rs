//! The script thread. Rhai evaluates on the Rust stack: 64 nested calls of an
//! unoptimised build overflow the 2 MiB of an ordinary thread, and an overflow
//! aborts the process. So everything that compiles or runs a script does it on
//! a thread of its own with room enough for all limits of the engine.

use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, scope};

/// Bytes of stack; the deepest script that the engine allows takes less.
const STACK: usize = 16 << 20;

/// Runs `work` on a thread of its own and waits for it. A panic of `work` goes
/// on in the caller. Where the system gives no thread, `work` runs here.
pub fn on_script_thread<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let once = Mutex::new(Some(work));
    let take = || once.lock().unwrap_or_else(PoisonError::into_inner).take().map(|work| work());
    let done = scope(|scope| {
        let handle = Builder::new().name("script".to_owned()).stack_size(STACK).spawn_scoped(scope, take).ok()?;
        handle.join().unwrap_or_else(|panic| resume_unwind(panic))
    });
    match done.or_else(take) {
        Some(value) => value,
        None => unreachable!("the work is taken exactly once, by the thread or by its stand-in"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_may_borrow_and_gives_its_value_back() {
        let words = ["a", "b"];
        assert_eq!(on_script_thread(|| words.join(" ")), "a b");
    }

    #[test]
    fn there_is_more_stack_than_on_an_ordinary_thread() {
        #[expect(clippy::large_stack_arrays, reason = "the stack is what is tested")]
        fn deep(level: usize) -> usize {
            let room = std::hint::black_box([1u8; 64 << 10]);
            if level == 0 { 0 } else { usize::from(room[level % 100]) + deep(level - 1) }
        }
        assert_eq!(on_script_thread(|| deep(60)), 60);
    }

    #[test]
    fn a_panic_reaches_the_caller() {
        let caught = std::panic::catch_unwind(|| on_script_thread(|| -> u8 { panic!("kept") }));
        assert_eq!(caught.unwrap_err().downcast_ref::<&str>(), Some(&"kept"));
    }
}
