: answer 42 ;
