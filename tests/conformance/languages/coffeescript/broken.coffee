console.log (1 +
