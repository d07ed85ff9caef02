const wait = (ms, value, fail) => new Promise((ok, no) => setTimeout(() => (fail ? no(new Error(value)) : ok(value)), ms));
(async () => {
  console.log(await Promise.all([wait(20, "a"), wait(5, "b"), "c"]));
  console.log(await Promise.race([wait(60, "slow"), wait(5, "fast")]));
  console.log(await Promise.allSettled([wait(1, "x", true), wait(1, "y")]));
  console.log(await Promise.any([wait(1, "n", true), wait(9, "yes")]));
  await Promise.any([wait(1, "p", true)]).catch((e) => console.log(e.name, e.errors.map(String)));
})();
