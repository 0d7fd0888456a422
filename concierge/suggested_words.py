"""The sentences that `suggesting` starts a colleague's reply with; none states anything about health (R157)."""

WORDS = {
    "en": {
        "hello": "Hi, this is {practice}.",
        "hello_name": "Hi {name}, this is {practice}.",
        "full_name": "Could you tell us your full name, so that we find the right account?",
        "sorry": "I'm sorry about this. I am looking into it now. Would you like a call, or shall I write to you here?",
        "clinician": "Thank you for telling us. Our clinical team should answer this. When may they call you?",
        "here": "I'm here now. What can I do for you?",
        "which_time": "Which days and times suit you best?",
        "visits": "You are booked for {moments}.",
    },
    "es": {
        "hello": "Hola, le escribe {practice}.",
        "hello_name": "Hola {name}, le escribe {practice}.",
        "full_name": "¿Nos dice su nombre completo, para encontrar la cuenta correcta?",
        "sorry": "Lamento mucho esto. Lo estoy revisando ahora. ¿Prefiere una llamada o le escribo por aquí?",
        "clinician": "Gracias por avisarnos. Le debe responder nuestro equipo clínico. ¿Cuándo le pueden llamar?",
        "here": "Ya estoy aquí. ¿En qué le puedo ayudar?",
        "which_time": "¿Qué días y horas le quedan mejor?",
        "visits": "Tiene cita: {moments}.",
    },
}
