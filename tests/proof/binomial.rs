//! How few successes a required rate still explains.

/// The fewest successes out of `n` that a success rate of `p` leads to in all but one of 10,000
/// runs: fewer than these, and the rate is not kept.
pub(crate) fn fewest(n: u64, p: f64) -> u64 {
    let mut chance = (1.0 - p).powf(n as f64);
    let mut sum = chance;
    let mut k = 0;
    while sum < 1e-4 && k < n {
        chance *= (n - k) as f64 / (k + 1) as f64 * p / (1.0 - p);
        sum += chance;
        k += 1;
    }
    k
}

#[test]
fn the_fewest_are_those_of_the_table() {
    // A coin thrown 20 times: P(X <= 1) = 21 / 2^20 = 2.0e-5,
    // P(X <= 2) = 211 / 2^20 = 2.01e-4.
    assert_eq!(fewest(20, 0.5), 2);
    // One throw that must succeed with 0.5 proves nothing.
    assert_eq!(fewest(1, 0.5), 0);
    let sum = |n: u32, k: u32, p: f64| -> f64 {
        let choose =
            |n: u32, k: u32| (0..k).fold(1.0, |all, i| all * f64::from(n - i) / f64::from(i + 1));
        (0..=k)
            .map(|k| choose(n, k) * p.powi(k as i32) * (1.0 - p).powi((n - k) as i32))
            .sum()
    };
    for (n, p) in [(12, 0.975), (40, 0.975), (40, 0.9), (150, 0.975)] {
        let k = fewest(u64::from(n), p) as u32;
        assert!(
            sum(n, k, p) >= 1e-4 && sum(n, k - 1, p) < 1e-4,
            "{n}, {p}: {k}"
        );
    }
}
