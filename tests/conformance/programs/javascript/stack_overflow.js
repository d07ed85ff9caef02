let depth = 0;
function down() { depth++; return down() + 1; }
try { down(); } catch (error) { console.log(error instanceof RangeError, error.message, depth > 5000); }
