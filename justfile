# One door for tasks; green means `.ci/run`.

# Everything that must pass before a change lands.
check:
    .ci/run

# Rewrites what is generated: recipe index, reference pages, golden answers (needs Go).
generate:
    UPDATE_GENERATED=1 UPDATE_GOLDEN=1 cargo test

# Speed and size, as ratios against something run beside them.
bench:
    cargo bench
