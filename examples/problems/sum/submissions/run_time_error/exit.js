console.log(0);
process.exit(3);
