try { console.log(late); let late = 1; } catch (error) { console.log(error.name, error.message); }
console.log(typeof missing);
missing.property;
