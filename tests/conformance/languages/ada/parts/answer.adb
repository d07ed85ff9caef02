function Answer return Integer is
begin
   return 42;
end Answer;
