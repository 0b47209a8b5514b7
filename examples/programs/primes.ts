// #region count
/** How many primes there are below a number. */
export function count(below: number): number {
  let primes = 0;
  for (let n = 2; n < below; n++) {
    let isPrime = true;
    for (let d = 2; d * d <= n && isPrime; d++) isPrime = n % d !== 0;
    if (isPrime) primes++;
  }
  return primes;
}
// #endregion
