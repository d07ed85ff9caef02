console.log('forty-two', '\nexit(42)');
